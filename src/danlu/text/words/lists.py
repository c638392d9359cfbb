"""Word lists: files of phrases by category.

A list is a UTF-8 file with one `phrase<TAB>category` per line; `#` starts a comment line. A phrase that begins or
ends with a letter of a spaced script matches whole words only: `bomb` is not in `bombastic`.
"""

from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import UserError
from danlu.text.words.folding import fold


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
