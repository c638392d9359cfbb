"""Paragraphs and listings of a column: where one ends and the next begins, told by gap, indent, size and face."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from danlu.data.extract.pdf_rows import Row, joined

_LEADING = 1.35
"""Lines further apart than this many usual distances are two paragraphs."""
_INDENT_EM = 0.8
_SHORT = 0.8
"""A line that ends a sentence before this share of the column's width ends its paragraph."""
_SIZE = 1.12
_END = re.compile(r"[.!?:。！？：…][\"'”’」』）)\]]*$")
_ITEM = re.compile(r"^(?:[•▪◦●○■□◆►‣·*–—-]|[(（]?\d{1,3}[.)）、]|[(（][a-z一二三四五六七八九十]{1,3}[)）])\s*\S")
_FOOTNOTE = re.compile(r"^(?:\d{1,3}|[*∗†‡§¶]|\[\d{1,3}\]|[①-⑳])\s*\S")
_SMALL = 0.93
_MONO_EM = 0.6
"""Width of a typewriter letter, in font sizes."""


@dataclass
class Paragraph:
    """Rows that belong together; `code` for listings."""

    rows: list[Row]
    code: bool = False

    @property
    def text(self) -> str:
        """Its rows on a line each; a listing keeps its indents."""
        if not self.code:
            return "\n".join(map(joined, self.rows))
        left = min(row[0].left for row in self.rows)
        indents = (round((row[0].left - left) / (_MONO_EM * row[0].size)) for row in self.rows)
        return "\n".join(" " * indent + joined(row) for indent, row in zip(indents, self.rows, strict=True))

    @property
    def is_open(self) -> bool:
        """Whether it stops in the middle of a sentence."""
        return not self.code and not _END.search(joined(self.rows[-1]))


def paragraphs(rows: Sequence[Row]) -> Iterator[Paragraph]:
    """The paragraphs of rows of one column, in order."""
    if not rows:
        return
    column = min(row[0].left for row in rows), max(row[-1].right for row in rows)
    distances = sorted(below[0].bottom - above[0].bottom for above, below in pairwise(rows))
    leading = distances[len(distances) // 2] if distances else 0.0
    found = Paragraph([rows[0]], _is_code(rows[0]))
    for above, below in pairwise(rows):
        if _begins(above, below, column, leading):
            yield found
            found = Paragraph([], _is_code(below))
        found.rows.append(below)
    yield found


def _is_code(row: Row) -> bool:
    return all(line.fixed for line in row)


def _begins(above: Row, below: Row, column: tuple[float, float], leading: float) -> bool:
    first, size = below[0], above[0].size
    if _is_code(above) != _is_code(below):
        return True
    far = first.bottom - above[0].bottom > _LEADING * max(min(leading, 2.5 * size), 0.9 * size)
    if _is_code(below):
        return first.bottom - above[0].bottom > 2.2 * size
    largest = [max(line.size for line in row) for row in (above, below)]
    if far or max(largest) > _SIZE * min(largest):
        return True
    indented = (
        _INDENT_EM * size < first.left - above[0].left < 5 * size and above[0].left - column[0] < _INDENT_EM * size
    )
    outdented = above[0].left - first.left > _INDENT_EM * size and bool(_END.search(joined(above)))
    short = above[-1].right < column[0] + _SHORT * (column[1] - column[0])
    ended = bool(_END.search(joined(above)))
    return (
        (indented and ended) or outdented or (short and ended) or bool(_ITEM.match(joined(below)) and (short or ended))
    )


def footnotes(rows: Sequence[Row], body_size: float) -> int:
    """Where the footnotes at the foot of a column begin; the number of rows if there are none."""
    start = len(rows)
    for at in range(len(rows) - 1, 0, -1):
        if max(line.size for line in rows[at]) > _SMALL * body_size:
            break
        if _FOOTNOTE.match(joined(rows[at])):
            start = at
    return start


def continues(above: Paragraph, below: Paragraph) -> bool:
    """Whether a paragraph that stops at the foot of a column goes on at the head of the next."""
    if not above.is_open or below.code:
        return False
    first = joined(below.rows[0])
    same_size = max(above.rows[-1][0].size, below.rows[0][0].size) <= _SIZE * min(
        above.rows[-1][0].size, below.rows[0][0].size
    )
    return same_size and not _ITEM.match(first) and not (first[:1].isupper() and joined(above.rows[-1])[-1:] != "-")
