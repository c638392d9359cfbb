"""Hard negatives for queries: those given, then passages that lexical search puts near the query and that do not answer it."""

from collections.abc import Sequence
from itertools import islice

from danlu.loop.batches import shuffled
from danlu.train.embedding.lexical import Lexical, nearly_equal, shingles_of
from danlu.train.examples import Row

_SEARCHED = 30
"""Passages that are looked at for each query: deeper ones share few words with it and teach little."""


def hard_negatives(queries: Sequence[Row], texts: Sequence[str], lexical: Lexical, per_query: int) -> list[list[int]]:
    """For each query up to `per_query` numbers of passages: no answer of it, nor a near copy of one."""
    found = []
    for row, near in zip(queries, lexical.best([row["query"] for row in queries], _SEARCHED), strict=True):
        answers = [shingles_of(texts[number]) for number in row["positives"]]
        chosen = list(row["negatives"][:per_query])
        for number in near:
            if len(chosen) == per_query:
                break
            if number in row["positives"] or number in chosen:
                continue
            shingles = shingles_of(texts[number])
            if not any(nearly_equal(shingles, answer) for answer in answers):
                chosen.append(number)
        found.append(chosen)
    return found


def filled(
    negatives: Sequence[Sequence[int]], queries: Sequence[Row], texts: Sequence[str], count: int, seed: int
) -> list[list[int]]:
    """Each list filled up to `count` with passages by a hash of the seed: easy ones, where search found too few hard ones."""
    order = shuffled(len(texts), seed, 0)
    full = []
    for at, (row, chosen) in enumerate(zip(queries, negatives, strict=True)):
        taken = {*row["positives"], *chosen}
        listed = (order[(at + further) % len(order)] for further in range(len(order)))
        easy = (number for number in listed if number not in taken)
        full.append([*chosen, *islice(easy, count - len(chosen))])
    return full


def stand_ins(queries: Sequence[Row], texts: Sequence[str], count: int, seed: int) -> list[list[int]]:
    """As many negatives as a search would give at most, without a search: those given, then any. For what a training costs
    it is the number of passages that counts, and not which they are.
    """
    return filled([row["negatives"][:count] for row in queries], queries, texts, count, seed)
