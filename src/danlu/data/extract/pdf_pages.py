"""Pages of lines to blocks: furniture apart, columns in order, headings, tables, listings and paragraphs told apart.

Serves PDF text, and scans and pictures whose lines OCR gave: a line with its place is all that is asked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from danlu.data.extract.blocks import BlockWriter
from danlu.data.extract.pdf_furniture import Furniture, find_furniture
from danlu.data.extract.pdf_headings import Faces, Outline, read_faces
from danlu.data.extract.pdf_lines import Line
from danlu.data.extract.pdf_order import regions
from danlu.data.extract.pdf_paragraphs import Frame, Paragraph, continues, footnotes, frame_of, paragraphs
from danlu.data.extract.pdf_rows import Row, Table, joined, rows, split_tables
from danlu.data.extract.table import add_table
from danlu.text.language import HAN

_HAN = re.compile(f"[{HAN}]")
_TITLE = 1.3
"""An outline seldom holds the document's own title: on the first page, it is what is set this many times larger than the text."""
_middle = attrgetter("middle")


def lay_out(pages: Sequence[Sequence[Line]], outline: Outline) -> BlockWriter:
    """The blocks of all pages, in reading order."""
    sheets = [_sheet(lines) for lines in pages]
    repeated = find_furniture([lines for lines, _ in sheets])
    columns = [_columns(lines, found) for (lines, _), found in zip(sheets, repeated, strict=True)]
    faces = read_faces(column for page in columns for column in page)
    writer = BlockWriter()
    for index, ((_, aside), found, page) in enumerate(zip(sheets, repeated, columns, strict=True)):
        for row in found.header:
            writer.add("furniture", joined(row), page=index + 1)
        _Page(writer, index, outline, faces).write(page)
        for row in [*found.footer, *([line] for line in aside)]:
            writer.add("furniture", joined(row), page=index + 1)
    return writer


def _columns(lines: Sequence[Line], repeated: Furniture) -> list[list[Row]]:
    """The columns of a page in reading order, its furniture left out."""
    left_out = {id(line) for row in (*repeated.header, *repeated.footer) for line in row}
    if lines and not lines[0].upright:
        return [[[line] for line in sorted(lines, key=lambda line: -line.right)]]
    return [rows(region) for region in regions([line for line in lines if id(line) not in left_out])]


def _sheet(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """The lines of a page by height, and those that stand up its side."""
    upright = [line for line in lines if line.upright]
    aside = [line for line in lines if not line.upright]
    if sum(len(line.text) for line in aside) <= sum(len(line.text) for line in upright):
        return sorted(upright, key=_middle), aside
    text = "".join(line.text for line in aside)
    if len(_HAN.findall(text)) * 2 > len(text):
        return aside, upright
    # Turned by a quarter, to be read from below: a wide table on an upright page.
    turned = [replace(line, left=-line.bottom, right=-line.top, top=line.left, bottom=line.right) for line in aside]
    return sorted(turned, key=_middle), upright


class _Page:
    """Writes the columns of one page."""

    def __init__(self, writer: BlockWriter, index: int, outline: Outline, faces: Faces) -> None:
        self._writer, self._index, self._outline, self._faces = writer, index, outline, faces
        self._open: Paragraph | None = None

    def write(self, columns: Sequence[list[Row]]) -> None:
        below: list[Row] = []
        for column in columns:
            end = footnotes(column, self._faces.body_size)
            below += column[end:]
            parts = list(split_tables(column[:end]))
            frame = frame_of([row for part in parts if not isinstance(part, Table) for row in part])
            for part in parts:
                self._write_part(part, frame)
        self._flush()
        for note in paragraphs(below, frame_of(below)):
            self._add(note)

    def _write_part(self, part: list[Row] | Table, frame: Frame) -> None:
        if isinstance(part, Table):
            self._flush()
            add_table(self._writer, part.cells, self._index + 1)
            return
        for level, run in self._runs(part):
            if level:
                self._flush()
                self._writer.add("heading", "\n".join(map(joined, run)), page=self._index + 1, level=level)
                continue
            for number, found in enumerate(paragraphs(run, frame)):
                if number == 0 and self._open and continues(self._open, found):
                    self._open.rows += found.rows
                else:
                    self._flush()
                    self._open = found

    def _runs(self, part: list[Row]) -> Iterator[tuple[int, list[Row]]]:
        """Headings with their level, and the rows between them with level 0."""
        plain: list[Row] = []
        at = 0
        while at < len(part):
            level, used = self._heading(part, at)
            if level:
                yield from [(0, plain)] if plain else []
                plain = []
                yield level, part[at : at + used]
            else:
                plain.append(part[at])
            at += max(used, 1)
        yield from [(0, plain)] if plain else []

    def _heading(self, part: list[Row], at: int) -> tuple[int, int]:
        if self._outline.titles:
            found = self._outline.take(self._index, part[at : at + 3])
            if found[0] or self._index or part[at][0].size < _TITLE * self._faces.body_size:
                return found
        level = self._faces.level(part[at])
        used = 1 if level else 0
        while 0 < used < 3 and at + used < len(part) and self._goes_on(part[at + used - 1], part[at + used], level):
            used += 1
        return level, used

    def _goes_on(self, above: Row, below: Row, level: int) -> bool:
        """Whether a heading runs over to the next line: the same face, no further down than lines are."""
        return self._faces.level(below) == level and below[0].bottom - above[0].bottom <= 1.6 * above[0].size

    def _flush(self) -> None:
        if self._open:
            self._add(self._open)
        self._open = None

    def _add(self, found: Paragraph) -> None:
        self._writer.add("code" if found.code else "text", found.text, page=self._index + 1)
