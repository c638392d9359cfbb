"""Plans of `danlu tokenizer`: a vocabulary of one's own, or more pieces for a model's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from danlu.core.artifacts import MANIFEST, Checkpoint, Manifest, Vocabulary
from danlu.core.errors import UserError
from danlu.core.stages import Plan, Step
from danlu.core.store import open_artifact
from danlu.model.base_model import resolve_base
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings
from danlu.train.vocabulary.config import TokenizerConfig


def tokenizer_plan(
    paths: Sequence[Path], licence: str, base: str | None, with_model: bool, settings: Settings, seed: int = 0
) -> Plan:
    """Train a vocabulary on documents; with a base extend its own, and with `with_model` make the model that fits it.

    `base` is a folder that `danlu tokenizer` wrote, or a model as for `danlu finetune --base`.
    """
    from danlu.train.vocabulary.grow_stage import extend_embeddings_stage
    from danlu.train.vocabulary.stage import extend_vocabulary, train_unigram_vocabulary, train_vocabulary

    config = settings.of("tokenizer", TokenizerConfig)
    documents = corpus_of(paths, licence, settings)
    step: Step[Any]
    if base is None:
        if with_model:
            raise UserError(
                "--with-model needs --base", "A new vocabulary has no model yet: `danlu pretrain` trains one."
            )
        stage = train_vocabulary if config.algorithm == "bpe" else train_unigram_vocabulary
        step = stage(config, documents=documents)
    else:
        given = _base_of(base)
        step = extend_vocabulary(config, documents=documents, base=given)
        if with_model:
            if isinstance(given, Vocabulary):
                raise UserError("{base} is a vocabulary and no model", "Name a model after --base.", base=base)
            step = extend_embeddings_stage(base=given, vocabulary=step)
    settings.check_all_used()
    return Plan(step, seed)


def _base_of(spec: str) -> Step[Checkpoint] | Vocabulary:
    folder = Path(spec.removeprefix("path:"))
    if (folder / MANIFEST).is_file() and Manifest.read(folder).kind == Vocabulary.__name__:
        return open_artifact(folder, Vocabulary)
    if ":" not in spec and folder.is_dir():
        spec = f"path:{spec}"
    from danlu.train.base_stage import base

    return base(files=resolve_base(spec, Path.cwd()))
