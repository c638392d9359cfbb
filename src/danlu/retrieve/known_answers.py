"""At which rank an index finds a passage that holds a known answer, by each leg alone and as it is served."""

from collections.abc import Iterable, Sequence

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

    Empty where no passage of that source holds the piece, white space apart, or the first half of a piece that lies over two.
    """
    with one_blas_thread(), opened(index.database) as searcher:
        rows = searcher.rows("SELECT passages.id, source, text FROM passages JOIN documents USING (doc_id)")
        texts = [(id, f"/{source}", "".join(text.split())) for id, source, text in rows]
        return [_ranks(searcher, question, _holders(texts, file, quote)) for question, file, quote in wanted]


def _holders(texts: Sequence[tuple[int, str, str]], file: str, quote: str) -> set[int]:
    piece = "".join(quote.split())
    of_file = [(id, text) for id, source, text in texts if source.endswith(f"/{file}") or f"/{file}".endswith(source)]
    for wanted in (piece, piece[: (len(piece) + 1) // 2]):
        if found := {id for id, text in of_file if wanted in text}:
            return found
    return set()


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
