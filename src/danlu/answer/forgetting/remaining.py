"""Documents that stay and say much of what a forgotten one said: to forget one version of a text is not to forget the text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from danlu.answer.uses.sought import Sought
from danlu.core.artifacts import Corpus
from danlu.data.deduplicate.groups import shingles_of
from danlu.text.shingles import U64
from danlu.text.tables import read_groups

LEAST_SHARE = 0.5
"""Of the forgotten text's runs of five tokens (danlu.text.shingles)."""
MOST = 20
"""Named; a menu that every page repeats would name them all."""


@dataclass(frozen=True)
class Remaining:
    """A document that stays."""

    source: str
    share: float
    """Of the forgotten text that stands in it too, 0 to 1."""


def remaining(corpus: Corpus, document: Sought, texts: Sequence[str]) -> list[Remaining]:
    """Documents of an extraction that hold half of a forgotten text, or more; the nearest first."""
    wanted = [np.unique(shingles_of([text]).values) for text in texts]
    found: list[Remaining] = []
    for group in read_groups(corpus.documents, ["doc_id", "source", "text"]) if wanted else ():
        shingles = shingles_of(group["text"].combine_chunks())
        for at, row in enumerate(group.select(["doc_id", "source"]).to_pylist()):
            share = 0.0 if document.is_in(row) else _share(wanted, shingles.of(at))
            if share >= LEAST_SHARE:
                found.append(Remaining(row["source"], round(share, 3)))
    return sorted(found, key=lambda one: (-one.share, one.source))[:MOST]


def _share(wanted: Sequence[U64], own: U64) -> float:
    return max((float(np.isin(one, own).mean()) for one in wanted if len(one)), default=0.0)
