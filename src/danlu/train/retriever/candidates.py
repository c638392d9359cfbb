"""The encoders that stand for choice, the cheapest first: a dearer one has to find more than what it would replace."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from danlu.core.progress import Progress
from danlu.model.encoder import Encoder, LsaEncoder, open_packaged, save_lsa, save_packaged, save_sentence
from danlu.model.packaged import PackagedModel
from danlu.model.sentence_encoder import SentenceEncoder, SentenceFiles
from danlu.text.records import Document
from danlu.text.sections import passages
from danlu.train.retriever.config import RetrieverConfig
from danlu.train.retriever.contrastive import learn_contrastive
from danlu.train.retriever.lsa import fit_lsa, training_texts

LSA, CONTRASTIVE = "lsa", "contrastive"


@dataclass(frozen=True)
class Candidate:
    """An encoder by name, and how it is written down."""

    name: str
    encoder: Encoder
    save: Callable[[Path], None]
    seconds: float
    """That it took to make; 0 for one that came ready."""


def candidates(
    corpus: Sequence[Document], config: RetrieverConfig, seed: int, progress: Progress,
    packaged: PackagedModel | None, named: SentenceFiles | None,
) -> Iterator[Candidate]:  # fmt: skip
    """Latent semantic analysis, its contrastive kin, the model that was named or is installed for English, the packaged one."""
    texts = [text for document in corpus for text in training_texts(document)]
    started = time.perf_counter()
    start = fit_lsa(texts, config, seed)
    yield _static(LSA, start, started)
    if config.contrastive_epochs:
        started = time.perf_counter()
        found = [(document, passage) for document in corpus for passage in passages(document)]
        learnt = learn_contrastive(
            start,
            [document.text[passage.start : passage.end] for document, passage in found],
            [passage.section.id for _, passage in found],
            config, seed, progress,
        )  # fmt: skip
        yield _static(CONTRASTIVE, learnt, started)
    if named is not None:
        files = named
        yield Candidate(files.spec, SentenceEncoder(files.folder), lambda folder: save_sentence(files, folder), 0.0)
    if packaged is not None:
        model, encoder = packaged, open_packaged(packaged.version)
        yield Candidate(
            model.package, encoder, lambda folder: save_packaged(model, encoder.dimensions, folder), 0.0
        )  # fmt: skip


def _static(name: str, encoder: LsaEncoder, started: float) -> Candidate:
    return Candidate(name, encoder, lambda folder: save_lsa(encoder, folder), time.perf_counter() - started)
