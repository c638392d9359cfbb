"""Entities out of tags, and how well they are found: a hit has the right ends and the right label (Tjong Kim Sang & De Meulder 2003).

Chunks are read as CoNLL's evaluation script reads BIO: an entity begins at B, and at an I that follows O or another label.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

Entity = tuple[int, int, str]
"""Start, end (half-open) and label."""


def entities_of(tags: Sequence[str]) -> list[Entity]:
    """Entities by the positions of their tags."""
    found: list[Entity] = []
    for at, tag in enumerate(tags):
        kind, _, label = tag.partition("-")
        if kind == "O":
            continue
        goes_on = kind == "I" and found and found[-1][1:] == (at, label)
        start = found.pop()[0] if goes_on else at
        found.append((start, at + 1, label))
    return found


def entity_scores(truth: Iterable[Sequence[Entity]], said: Iterable[Sequence[Entity]]) -> dict[str, Any]:
    """Precision, recall and F1 over all entities (micro), of each label, and the plain mean of those."""
    true_count: Counter[str] = Counter()
    said_count: Counter[str] = Counter()
    hit_count: Counter[str] = Counter()
    for true_here, said_here in zip(truth, said, strict=True):
        true_count.update(label for _, _, label in true_here)
        said_count.update(label for _, _, label in said_here)
        hit_count.update(label for _, _, label in set(true_here) & set(said_here))
    names = sorted({*true_count, *said_count})
    of_label = {name: _of_counts(hit_count[name], said_count[name], true_count[name]) for name in names}
    return {
        "entities": true_count.total(),
        "micro": _of_counts(hit_count.total(), said_count.total(), true_count.total()),
        "macro_f1": sum(of_label[name]["f1"] for name in names) / len(names) if names else 0.0,
        "labels": of_label,
    }


def _of_counts(hits: int, said: int, true: int) -> dict[str, float]:
    return {
        "precision": hits / said if said else 0.0,
        "recall": hits / true if true else 0.0,
        "f1": 2 * hits / (said + true) if said + true else 0.0,
        "entities": true,
    }
