"""Plans of `danlu head embed` and `danlu head rerank`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from danlu.core.artifacts import Examples
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Plan, Step
from danlu.model.base_model import BaseFiles
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


@dataclass(frozen=True)
class Material:
    """What is learnt from: a file of pairs, or documents with headings."""

    data: Path | None
    documents: Sequence[Path]
    licence: str


def embed_plan(material: Material, base_spec: str, settings: Settings, seed: int = 0) -> Plan:
    """Fit an embedding model."""
    from danlu.train.base_stage import base
    from danlu.train.embedding.stage import EmbedConfig, embed, lengths_read

    config, files = settings.of("embed", EmbedConfig), _files(base_spec)
    _check_lengths(files, lambda folder: lengths_read(folder, config))
    step = embed(config, base=base(files=files), pairs=_pairs(material, settings))
    settings.check_all_used()
    return Plan(step, seed)


def rerank_plan(material: Material, base_spec: str, settings: Settings, seed: int = 0) -> Plan:
    """Fit a reranker."""
    from danlu.train.base_stage import base
    from danlu.train.embedding.rerank import RerankConfig, length_read, rerank

    config, files = settings.of("rerank", RerankConfig), _files(base_spec)
    _check_lengths(files, lambda folder: length_read(folder, config))
    step = rerank(config, base=base(files=files), pairs=_pairs(material, settings))
    settings.check_all_used()
    return Plan(step, seed)


def _files(spec: str) -> BaseFiles:
    from danlu.train.embedding.encode import resolve_encoder

    return resolve_encoder(spec, Path.cwd())


def _check_lengths(files: BaseFiles, check: Callable[[Path], object]) -> None:
    """Rows that an encoder cannot read are told before pairs are made; those of a hub's, which is not here yet, after."""
    folder = files.folder
    if folder and (folder / "config.json").is_file():
        check(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)


def _pairs(material: Material, settings: Settings) -> Step[Examples]:
    """Queries with their passages; a wrong line of a file is told before anything runs."""
    from danlu.data.questions import QuestionsConfig, make_questions
    from danlu.train.embedding.pairs import PairsConfig, check_pairs, retrieval_pairs, section_pairs

    if bool(material.data) == bool(material.documents):
        raise UserError(
            "Expected either --data FILE or documents with headings",
            "For example: danlu head embed manuals --out model",
        )
    if material.data:
        file = DataFile(material.data)
        check_pairs(file)
        return retrieval_pairs(settings.of("retrieval_pairs", PairsConfig), file=file)
    documents = corpus_of(material.documents, material.licence, settings)
    chats = make_questions(settings.of("make_questions", QuestionsConfig), documents=documents)
    return section_pairs(documents=documents, chats=chats)
