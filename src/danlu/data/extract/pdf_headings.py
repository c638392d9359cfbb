"""Headings of a PDF: the titles of its outline, or without one what is set larger or bolder than the text."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from danlu.data.extract.pdf_rows import Row, joined

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"(?:chapter|appendix|section|第|附录)?[A-Z]?[\d.]*[章节]?[.:]?", re.IGNORECASE)
_NUMBER_CHARACTERS = 24
"""A title on its page is longer than in the outline by its number alone, which has no more characters than this."""
_LARGER = 1.15
"""A heading without weight is set this many times larger than the text."""
_MAX_CHARACTERS = 120
_MAX_SHARE = 0.3
"""Where more of the rows than this look like headings, weight and size mean something else (slides, posters)."""
_ENDS = re.compile(r"[.。,，;；、]$")
_LETTERS = re.compile(r"[^\W\d_]{2,}|[^\x00-\x7f]")
_ITEM = re.compile(r"[•◦‣∙·*–—-]\s")
"""An item of a list is no heading, however it is set; ■ and ◆ stand before headings too."""
_MAX_ROWS = 3


@dataclass(frozen=True)
class Title:
    """A title of the outline: `key` is its text without white space, `page` counts from 0."""

    page: int
    key: str
    level: int


@dataclass
class Outline:
    """The titles of a document, by page; a title that was found is not looked for again."""

    titles: dict[int, list[Title]] = field(default_factory=dict)

    def take(self, page: int, rows: Sequence[Row]) -> tuple[int, int]:
        """(level, rows taken) of a title that starts at the first of these rows, over up to three; (0, 0) for none."""
        waiting = self.titles.get(page)
        if not waiting:
            return 0, 0
        key, longest = "", max(len(title.key) for title in waiting) + _NUMBER_CHARACTERS
        for used, row in enumerate(rows[:_MAX_ROWS], 1):
            key += _SPACE.sub("", joined(row))
            if len(key) > longest:
                break
            for title in waiting:
                if _same_title(key, title.key):
                    waiting.remove(title)
                    return title.level, used
        return 0, 0


def read_outline(document: Any) -> Outline:
    """The outline of a pypdfium2 document."""
    outline = Outline()
    for mark in document.get_toc():
        target = mark.get_dest()
        page = target.get_index() if target else None
        key = _SPACE.sub("", mark.get_title() or "")
        if page is not None and key:
            outline.titles.setdefault(page, []).append(Title(page, key, min(mark.level + 1, 6)))
    return outline


def _same_title(line: str, title: str) -> bool:
    """Equal, but for a number before the title that only one of the two has."""
    shorter, longer = sorted((line, title), key=len)
    return bool(shorter) and longer.endswith(shorter) and bool(_NUMBER.fullmatch(longer[: len(longer) - len(shorter)]))


@dataclass(frozen=True)
class Faces:
    """How a document sets its text and its headings, most prominent first."""

    body_size: float
    headings: tuple[tuple[float, bool], ...] = ()

    def level(self, row: Row) -> int:
        """1 to 6 for a row that is set as a heading, 0 for others."""
        face = _face(row)
        return min(self.headings.index(face) + 1, 6) if face in self.headings and _may_be_heading(row) else 0


def read_faces(pages: Iterable[Sequence[Row]]) -> Faces:
    """The size of most letters, and the faces of rows that stand out from it."""
    letters: Counter[tuple[float, bool]] = Counter()
    standing: Counter[tuple[float, bool]] = Counter()
    rows = 0
    for page in pages:
        for row in page:
            rows += 1
            for line in row:
                letters[_face([line])] += len(line.text)
            if _may_be_heading(row):
                standing[_face(row)] += 1
    if not letters:
        return Faces(10.0)
    body, bold_body = letters.most_common(1)[0][0]
    faces = {
        face: count
        for face, count in standing.items()
        if face[0] >= _LARGER * body or (face[1] and not bold_body and face[0] >= body)
    }
    if sum(faces.values()) > _MAX_SHARE * rows:
        return Faces(body)
    return Faces(body, tuple(sorted(faces, key=lambda face: (-face[0], not face[1]))))


def _face(row: Row) -> tuple[float, bool]:
    return round(row[0].size * 2) / 2, row[0].bold and all(line.bold for line in row)


def _may_be_heading(row: Row) -> bool:
    text = joined(row)
    return (
        len(text) <= _MAX_CHARACTERS
        and not row[0].fixed
        and bool(_LETTERS.search(text))
        and not _ITEM.match(text)
        and not _ENDS.search(text)
        and max(line.size for line in row) <= 1.3 * row[0].size
    )
