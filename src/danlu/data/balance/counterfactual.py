"""Counterfactuals: every document once more with the other gender, name or place, beside the document that it is made from."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Literal

from danlu.core.artifacts import Corpus
from danlu.core.hashing import short_id
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.augment.expand import Made, expand_parts
from danlu.data.augment.protected import VERSION as PROTECTED
from danlu.data.augment.variants import VARIANTS, Proposal, measures_of, variant_of
from danlu.data.balance.swap import swaps
from danlu.text import segment, sentences
from danlu.text.records import Document, Reject


class CounterfactualConfig(Config):
    """What is swapped."""

    swap: tuple[Literal["gender", "names", "places"], ...] = ("gender", "names")
    """gender: words and pronouns; names: common English given names; places: countries and cities with what is said of them."""


def _counterfactual(work: Work, config: CounterfactualConfig, *, documents: Corpus) -> Facts:
    return expand_parts(work, documents, partial(_swapped, kinds=config.swap), "variants", VARIANTS)


def _swapped(document: Document, kinds: tuple[str, ...]) -> Iterator[Made]:
    method = "counterfactual"
    id = short_id(["variant", document.doc_id, method, 0])
    edits = swaps(document, kinds)
    if document.language not in ("zh", "en"):
        yield Made(reject=Reject(id, document.source, "language not covered", document.language, "zh, en"))
    elif not edits:
        yield Made(reject=Reject(id, document.source, "nothing to swap", "0 words", "1 word"))
    else:
        variant = variant_of(document, edits, method, 0)
        row = measures_of(document, variant, method, 0, Proposal(edits))
        yield Made(variant, edits=Counter(edit.rule for edit in edits), row=row)


counterfactual = Stage(
    "counterfactual", version=1, makes=Corpus, body=_counterfactual, config=CounterfactualConfig, resumable=True,
    libraries=segment.LIBRARIES,
    rules=(("swap", 1), ("protected spans", PROTECTED), ("segmentation", segment.VERSION), ("sentences", sentences.VERSION)),
)  # fmt: skip
