"""Where passages stand in their sources: a document of an index, opened once for all that is cited from it.

The maps are kept as arrays, of which a citation reads the few rows that it needs: a document may have a million pages and edits.

Letters in shapes: P pieces of the map, K pages.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from danlu.core.answers import Citation
from danlu.retrieve.legs.search import Hit, Searcher
from danlu.retrieve.tables.twins import file_to_name
from danlu.text.instructions import speaks_to_models
from danlu.text.offsets import OffsetMap, Piece


@dataclass(frozen=True)
class CitedDocument:
    """A document with what leads from its cleaned text back to its extraction."""

    doc_id: str
    source: str
    licence: str
    extraction: str
    pieces_P5: NDArray[np.int64]
    """The rows of the offset map: start, end, start and end in the extraction, whether both texts are equal."""
    pages_K2: NDArray[np.int64]
    """(offset, page) wherever a new page begins; empty for a format without pages."""
    shown: str | None
    """The extraction of the file that is named, where it is a twin with other white space; it is cited without pages."""

    def cite(self, hit: Hit, start: int, end: int) -> Citation:
        """The verbatim quote of a span of the cleaned text, in the extraction; `hit` is the passage that it stands in."""
        source_start, source_end = self._to_source(start, end)
        page = self._page(start)
        if self.shown is not None:
            source_start, source_end, page = *self._in_shown(source_start, source_end), None
        quote = (self.extraction if self.shown is None else self.shown)[source_start:source_end]
        passage = f"{hit.section}@{hit.start}"
        return Citation(self.source, page, source_start, source_end, quote, passage, speaks_to_models(quote))

    def _in_shown(self, start: int, end: int) -> tuple[int, int]:
        """The same letters in the twin's extraction, which has others in white space alone."""
        before = len("".join(self.extraction[:start].split()))
        count = len("".join(self.extraction[start:end].split()))
        first, last = self._letters[before], self._letters[before + count - 1]
        return first, last + 1

    @cached_property
    def _letters(self) -> list[int]:
        """Where the letters of the twin's extraction stand: all but white space."""
        return [at for at, letter in enumerate(self.shown or "") if not letter.isspace()]

    def _page(self, start: int) -> int | None:
        at = int(np.searchsorted(self.pages_K2[:, 0], start, side="right")) - 1
        return int(self.pages_K2[at, 1]) if at >= 0 else None

    def _to_source(self, start: int, end: int) -> tuple[int, int]:
        first, last = (np.searchsorted(self.pieces_P5[:, 0], [start, end - 1], side="right") - 1).tolist()
        rows = self.pieces_P5[first : last + 1].tolist()
        pieces = (Piece(at, to, below, above, bool(kept)) for at, to, below, above, kept in rows)
        return OffsetMap(tuple(pieces)).to_source(start, end)


def open_cited(searcher: Searcher, doc_id: str) -> CitedDocument:
    """Read a document that a search found something in, under a name that whoever searches may see."""
    query = "SELECT source, licence, extraction, offsets, pages FROM documents WHERE doc_id = ?"
    [(source, licence, extraction, offsets, pages)] = searcher.rows(query, (doc_id,))
    name, shown = file_to_name(searcher.rows, doc_id, searcher.seen_by) or (source, None)
    return CitedDocument(doc_id, name, licence, extraction, _rows(offsets, 5), _rows(pages, 2), shown)


def _rows(numbers: bytes, columns: int) -> NDArray[np.int64]:
    return np.frombuffer(numbers, dtype="<i8").reshape(-1, columns)
