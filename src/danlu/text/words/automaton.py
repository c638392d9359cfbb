"""Word lists: files of phrases by category, and an automaton that finds all of them in one pass.

A list is a UTF-8 file with one `phrase<TAB>category` per line; `#` starts a comment line. A phrase that begins or
ends with a letter of a spaced script matches whole words only: `bomb` is not in `bombastic`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from danlu.core.errors import UserError
from danlu.text.words.folding import fold, fold_text, is_word_char


@dataclass(frozen=True)
class Phrase:
    """A phrase as its list wrote it, and the category it belongs to."""

    text: str
    category: str


@dataclass(frozen=True)
class Hit:
    """A phrase found at `[start, end)`, in code points of the text that was searched."""

    phrase: str
    category: str
    start: int
    end: int


class WordList:
    """A set of phrases, ready to be searched for. Immutable, so threads may share it."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        by_folded = {fold(phrase.text)[0]: phrase for phrase in phrases}
        self._folded = list(by_folded)
        self._phrases = list(by_folded.values())
        self._automaton = AhoCorasick(self._folded)
        self._prefixes = frozenset(folded[:n] for folded in self._folded for n in range(1, len(folded) + 1))
        self._longest = max(map(len, self._folded), default=0)

    def __len__(self) -> int:
        return len(self._folded)

    def find(self, text: str) -> list[Hit]:
        """Every phrase in the text, in order of where it starts."""
        if not self._automaton.find_matches_as_indexes(fold_text(text)):
            return []
        folded, starts = fold(text)
        return [
            Hit(self._phrases[which].text, self._phrases[which].category, starts[start], starts[end - 1] + 1)
            for which, start, end in self.matches(folded, before="", ended=True)
        ]

    def matches(self, folded: str, *, before: str, ended: bool) -> list[tuple[int, int, int]]:
        """(phrase number, start, end) in folded text that follows the character `before`.

        With `ended` false, a phrase whose last word may still grow is not counted yet.
        """
        found = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        whole = [match for match in found if self._is_whole(folded, match, before, ended)]
        return sorted(whole, key=lambda match: (match[1], -match[2]))

    def _is_whole(self, folded: str, match: tuple[int, int, int], before: str, ended: bool) -> bool:
        _, start, end = match
        if not starts_whole(folded, start, before):
            return False
        if not is_word_char(folded[end - 1]):
            return True
        return ended if end == len(folded) else not is_word_char(folded[end])

    def held_from(self, folded: str, *, before: str) -> int:
        """Where the longest tail of the text starts that could still become a phrase."""
        for start in range(max(0, len(folded) - self._longest), len(folded)):
            if folded[start:] in self._prefixes and starts_whole(folded, start, before):
                return start
        return len(folded)


def starts_whole(folded: str, start: int, before: str) -> bool:
    """Whether a phrase that starts here does not start in the middle of a word."""
    previous = folded[start - 1] if start else before
    return not (previous and is_word_char(previous) and is_word_char(folded[start]))


def read_phrases(path: Path, category: str | None = None) -> list[Phrase]:
    """The phrases of a list; a line without a category is of `category`.

    Raises UserError when the list cannot be read, or a line of it is not a phrase and a category and none is given.
    """
    return parse_phrases(_read(path), str(path), category)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(
            "word list not found: {path}", "give an existing UTF-8 file, or leave it out", path=path
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            "cannot read the word list {path}: {problem}", "save it as UTF-8 text", path=path, problem=error
        ) from error


def parse_phrases(text: str, name: str, category: str | None = None) -> list[Phrase]:
    """The phrases of a list's text; `name` says in errors which list it is."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    return [
        _phrase(line if "\t" in line or category is None else f"{line}\t{category}", f"{name}:{number}")
        for number, line in lines
    ]


def _phrase(line: str, where: str) -> Phrase:
    text, tab, category = line.partition("\t")
    if not tab or not category.strip() or "\t" in category:
        raise UserError(
            "{where}: {line!r} is not a phrase and a category",
            "write phrase<TAB>category, one per line",
            where=where,
            line=line,
        )
    if len(fold(text)[0]) < 2:
        # One character would block nearly everything, and an empty phrase everything.
        raise UserError(
            "{where}: {text!r} is too short to block",
            "write a phrase of at least two characters",
            where=where,
            text=text,
        )
    return Phrase(text.strip(), category.strip())
