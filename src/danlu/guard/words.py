"""The word filter: phrases that neither enter nor leave the server, however they are written or split.

A list is a UTF-8 file with one `phrase<TAB>category` per line; `#` starts a comment line. A phrase that begins or
ends with a letter of a spaced script matches whole words only: `bomb` is not in `bombastic`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from danlu.core.errors import UserError
from danlu.guard.folding import Folder, fold, fold_text, is_han, is_word_char

_NOTICES = {
    "zh": "【该内容涉及被限制的信息，回答到此为止。】",
    "en": "[The answer stops here: it touches on restricted content.]",
}
_REFUSALS = {
    "zh": "抱歉，这个问题涉及被限制的内容，无法回答。",
    "en": "Sorry, this question touches on restricted content and cannot be answered.",
}


@dataclass(frozen=True)
class Phrase:
    """A blocked phrase as its list wrote it, and the kind of harm it stands for."""

    text: str
    category: str


@dataclass(frozen=True)
class Hit:
    """A blocked phrase found at `[start, end)`, in code points of the text that was searched."""

    phrase: str
    category: str
    start: int
    end: int


class WordList:
    """A set of blocked phrases, ready to be searched for. Immutable, so threads may share it."""

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
        """Every blocked phrase in the text, in order of where it starts."""
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
        """Where the longest tail of the text starts that could still become a blocked phrase."""
        for start in range(max(0, len(folded) - self._longest), len(folded)):
            if folded[start:] in self._prefixes and starts_whole(folded, start, before):
                return start
        return len(folded)


def starts_whole(folded: str, start: int, before: str) -> bool:
    """Whether a phrase that starts here does not start in the middle of a word."""
    previous = folded[start - 1] if start else before
    return not (previous and is_word_char(previous) and is_word_char(folded[start]))


class StreamFilter:
    """Passes on the pieces of one answer, holding back what may yet turn out to be part of a blocked phrase.

    What it has released, taken together, never holds a blocked phrase. On a hit it releases what stood before the
    phrase and a notice, and nothing from then on.
    """

    def __init__(self, words: WordList) -> None:
        self._words = words
        self._folder = Folder()
        self._held = ""
        self._held_from = 0
        self._folded = ""
        self._starts: list[int] = []
        self._before = ""
        self._released_any = False
        self.stopped = False

    def feed(self, piece: str) -> str:
        """What may leave now that this piece has come."""
        if self.stopped:
            return ""
        folded, starts = self._folder.feed(piece)
        self._held += piece
        self._folded += folded
        self._starts += starts
        return self._settle(ended=False)

    def finish(self) -> str:
        """What was held back and turned out to be harmless, now that nothing follows."""
        return "" if self.stopped else self._settle(ended=True)

    def _settle(self, *, ended: bool) -> str:
        matches = self._words.matches(self._folded, before=self._before, ended=ended)
        if matches:
            return self._stop_at(matches[0][1])
        count = len(self._folded) if ended else self._words.held_from(self._folded, before=self._before)
        return self._release(count)

    def _release(self, count: int) -> str:
        """Let go of the first `count` folded characters and of the raw text that they came from."""
        end = self._starts[count] if count < len(self._starts) else self._held_from + len(self._held)
        out, self._held = self._held[: end - self._held_from], self._held[end - self._held_from :]
        self._held_from = end
        self._before = self._folded[count - 1] if count else self._before
        self._folded, self._starts = self._folded[count:], self._starts[count:]
        self._released_any = self._released_any or bool(out)
        return out

    def _stop_at(self, count: int) -> str:
        self.stopped = True
        text = notice(self._held)
        out = self._release(count)
        return f"{out}\n\n{text}" if self._released_any else text


def language_of(text: str) -> str:
    """`zh` when the text holds a Han character, else `en`: enough to choose which of two sentences to show."""
    return "zh" if any(map(is_han, text)) else "en"


def notice(text: str) -> str:
    """What ends an answer that ran into a blocked phrase, in the language of that text."""
    return _NOTICES[language_of(text)]


def refusal(text: str) -> str:
    """What answers a question that holds a blocked phrase, in the language of that question."""
    return _REFUSALS[language_of(text)]


def load_words(user_file: Path | None = None) -> WordList:
    """The shipped list, with the phrases of `user_file` added.

    Raises UserError when that file cannot be read or a line of it is not a phrase and a category.
    """
    shipped = resources.files("danlu.guard").joinpath("words.txt").read_text(encoding="utf-8")
    phrases = _phrases(shipped, "words.txt")
    if user_file is not None:
        phrases += _phrases(_read(user_file), str(user_file))
    return WordList(phrases)


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


def _phrases(text: str, name: str) -> list[Phrase]:
    lines = enumerate(text.splitlines(), 1)
    return [_phrase(line, f"{name}:{number}") for number, line in lines if line.strip() and not line.startswith("#")]


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
