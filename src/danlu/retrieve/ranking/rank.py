"""The passages that answers are made of: the legs, fused by measured weights, and put into the learnt order where one won."""

from collections.abc import Mapping, Sequence

from danlu.retrieve.legs.search import Hit, Scores, Searcher, Weights, fuse
from danlu.retrieve.ranking.reorder import order_of, reordered


def weights_of(searcher: Searcher, language: str) -> Weights:
    """The fusion weights that were measured for a language."""
    return Weights(**searcher.fact("weights")[language])


def ranked(searcher: Searcher, question: str, language: str, legs: Mapping[str, Scores]) -> Sequence[tuple[int, float]]:
    """Every passage that some leg found, best first, with its fused score."""
    found = fuse(legs, weights_of(searcher, language))
    order = order_of((searcher.fact("orders") or {}).get(language))
    return reordered(searcher, question, legs, found, order) if order else found


def best_passages(searcher: Searcher, question: str, language: str, count: int) -> list[Hit]:
    """The best passages for a question as it is understood (danlu.retrieve.legs.spelling)."""
    return searcher.hits(ranked(searcher, question, language, searcher.legs(question))[:count])
