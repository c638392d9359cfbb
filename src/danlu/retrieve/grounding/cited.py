"""Where passages stand in their sources: a document of an index, opened once for all that is cited from it."""

import json
from dataclasses import dataclass

from danlu.core.answers import Citation
from danlu.retrieve.legs.search import Hit, Searcher
from danlu.text.instructions import speaks_to_models
from danlu.text.offsets import OffsetMap, Piece


@dataclass(frozen=True)
class CitedDocument:
    """A document with what leads from its cleaned text back to its extraction."""

    doc_id: str
    source: str
    licence: str
    extraction: str
    offsets: OffsetMap
    pages: tuple[tuple[int, int], ...]
    """(offset, page) wherever a new page begins; empty for a format without pages."""

    def cite(self, hit: Hit, start: int, end: int) -> Citation:
        """The verbatim quote of a span of the cleaned text, in the extraction; `hit` is the passage that it stands in."""
        page = next((page for begins, page in reversed(self.pages) if begins <= start), None)
        source_start, source_end = self.offsets.to_source(start, end)
        quote = self.extraction[source_start:source_end]
        passage = f"{hit.section}@{hit.start}"
        return Citation(self.source, page, source_start, source_end, quote, passage, speaks_to_models(quote))


def open_cited(searcher: Searcher, doc_id: str) -> CitedDocument:
    """Read a document that a search found something in."""
    query = "SELECT source, licence, extraction, offsets, pages FROM documents WHERE doc_id = ?"
    [(source, licence, extraction, offsets, pages)] = searcher.rows(query, (doc_id,))
    pieces = OffsetMap(tuple(Piece(*piece) for piece in json.loads(offsets)))
    return CitedDocument(doc_id, source, licence, extraction, pieces, tuple(map(tuple, json.loads(pages))))
