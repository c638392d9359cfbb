"""At which rank an index finds a passage that holds a known answer, by each leg alone and as it is served."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from danlu.core.artifacts import Index
from danlu.core.threads import one_blas_thread
from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import LEGS, Searcher
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.rank import ranked
from danlu.text.language import answer_language
from danlu.text.ranking import TOP


def answer_ranks(index: Index, wanted: Sequence[tuple[str, str, str]]) -> list[dict[str, int]]:
    """Of each (question, end of a source's name, verbatim piece): the ranks by leg and `served`, 0 beyond ten.

    Empty where no passage of that source holds the piece, white space apart. A piece that stands in the source, cut by its passages,
    is held by those with its first half.
    """
    with one_blas_thread(), opened(index.database) as searcher:
        documents = _documents(searcher)
        return [_ranks(searcher, question, _holders(documents, file, quote)) for question, file, quote in wanted]


@dataclass(frozen=True)
class _Document:
    """A document without its white space."""

    source: str
    extraction: str
    passages: dict[int, str] = field(default_factory=dict)

    def holders(self, piece: str) -> set[int]:
        """The passages that hold a piece; none when it does not stand in the document as a whole."""
        if found := {id for id, text in self.passages.items() if piece in text}:
            return found
        if piece not in self.extraction and piece not in "".join(self.passages.values()):
            return set()
        return {id for id, text in self.passages.items() if piece[: (len(piece) + 1) // 2] in text}


def _documents(searcher: Searcher) -> list[_Document]:
    rows = searcher.rows("SELECT doc_id, source, extraction FROM documents")
    found = {doc_id: _Document(f"/{source}", "".join(text.split())) for doc_id, source, text in rows}
    for id, doc_id, text in searcher.rows("SELECT id, doc_id, text FROM passages ORDER BY id"):
        found[doc_id].passages[id] = "".join(text.split())
    return list(found.values())


def _holders(documents: Sequence[_Document], file: str, quote: str) -> set[int]:
    piece = "".join(quote.split())
    of_file = [one for one in documents if one.source.endswith(f"/{file}") or f"/{file}".endswith(one.source)]
    return {id for one in of_file for id in one.holders(piece)}


def _ranks(searcher: Searcher, question: str, holders: set[int]) -> dict[str, int]:
    if not holders:
        return {}
    asked = spelt(searcher, question).question
    legs = searcher.legs(asked)
    orders = {leg: [id for id, _ in sorted(legs[leg].items(), key=_best_first)] for leg in LEGS}
    orders["served"] = [id for id, _ in ranked(searcher, asked, answer_language(asked), legs)]
    return {name: _rank(order, holders) for name, order in orders.items()}


def _best_first(found: tuple[int, float]) -> tuple[float, int]:
    return -found[1], found[0]


def _rank(order: Iterable[int], holders: set[int]) -> int:
    return next((rank for rank, id in enumerate(order, 1) if rank <= TOP and id in holders), 0)
