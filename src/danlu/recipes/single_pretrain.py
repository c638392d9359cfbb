"""The plan of `danlu pretrain`: from documents to a model that was measured on documents it never saw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Corpus, TokenShards
from danlu.core.errors import UserError
from danlu.core.stages import Plan, Step
from danlu.data.mix import MIXED_FROM, mix
from danlu.data.split.stage import SplitConfig, split
from danlu.data.split.take import TakeConfig, take
from danlu.model.base_model import resolve_base
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.pretrain_stage import held_out_input, pretrain, shards_input
from danlu.train.tokenize.stage import TokenizeConfig, tokenize
from danlu.train.tokenize.tokenizer import DocumentTokens, TokenizerFiles
from danlu.train.vocabulary.config import TokenizerConfig

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # A minute or so on two cores: shows the whole way, and a model that knows words.
    # With 20 minutes of a core two layers have learnt less than three (docs/log.md).
    "tiny": {
        "tokenizer.size": 4096,
        "pretrain.layers": 3,
        "pretrain.max_train_tokens": 500_000,
    },
    # An hour on two cores: 5 million parameters.
    "small": {"tokenizer.size": 8192, "pretrain.layers": 4, "pretrain.tokens_per_parameter": 2.0},
    # For a GPU: 124 million parameters, the size of GPT-2.
    "base": {
        "tokenizer.size": 32768,
        "pretrain.layers": 12,
        "pretrain.sequence_tokens": 1024,
        "pretrain.step_sequences": 256,
        "pretrain.micro_batch_sequences": 16,
        "pretrain.learning_rate": 2e-3,
        "pretrain.tokens_per_parameter": 20.0,
    },
}
"""Settings by name; `--set` changes any of them."""
_SPLIT = {"validation_share": 0.02, "test_share": 0.0, "stratify_by": "language"}
"""A fiftieth of each language measures: of the 25 documents that a small corpus has, one."""


def pretrain_plan(
    paths: Sequence[Path],
    licence: str,
    tokenizer: Path | None,
    base: str | None,
    settings: Settings,
    seed: int = 0,
    weights: Sequence[float] = (),
) -> Plan:
    """Part documents, make a vocabulary of one side, learn from it, and measure on the other.

    With `tokenizer` that folder's vocabulary is taken; with `base` an open model is gone on with, in its own vocabulary. With
    `weights` each path is a corpus of its own, and so much of a step's rows comes from it.
    """
    config = settings.of("pretrain", PretrainConfig)
    ready = prepared(paths, licence, tokenizer, base, settings, weights)
    if config.weights:
        raise UserError("pretrain.weights is not set by hand", "Name the corpora, and --weights 3,1.")
    if weights:
        config = config.model_copy(update={"weights": dict(zip(corpus_names(paths), weights, strict=True))})
    target = pretrain(config, **ready)
    settings.check_all_used()
    return Plan(target, seed)


def prepared(
    paths: Sequence[Path],
    licence: str,
    tokenizer: Path | None,
    base: str | None,
    settings: Settings,
    weights: Sequence[float] = (),
) -> dict[str, Any]:
    """What a pretraining reads, by the names of its inputs."""
    vocabulary_config = settings.of("tokenizer", TokenizerConfig)
    names = corpus_names(paths) if weights else []
    parted = _parted(paths, names, licence, settings)
    model = _base(base)
    vocabulary = model or _vocabulary(tokenizer, vocabulary_config, _taken(parted, "train"))
    how = settings.of("tokenize", TokenizeConfig)

    def shards(side: str, corpus: str = "") -> Step[TokenShards]:
        return tokenize(how, documents=_taken(parted, side, corpus), tokenizer=vocabulary)

    # The base first: that it cannot be trained is told before documents are read.
    ready = {"base": model, "held_out": shards("validation"), "tokenizer": vocabulary}
    if not names:
        return ready | {"shards": shards("train")}
    learnt = {shards_input(name): shards("train", name) for name in names}
    return ready | learnt | {held_out_input(name): shards("validation", name) for name in names}


def _parted(paths: Sequence[Path], names: Sequence[str], licence: str, settings: Settings) -> Step[Corpus]:
    """All documents, parted. Several corpora are parted as one: what resembles a document of another one stays with it."""
    if not names:
        return split(SplitConfig.model_validate(_SPLIT), documents=corpus_of(paths, licence, settings))
    corpora = {name: corpus_of([path], licence, settings) for name, path in zip(names, paths, strict=True)}
    return split(SplitConfig.model_validate(_SPLIT | {"stratify_by": MIXED_FROM}), documents=mix(**corpora))


def _taken(parted: Step[Corpus], side: str, corpus: str = "") -> Step[Corpus]:
    return take(TakeConfig.model_validate({"side": side, "corpus": corpus}), documents=parted)


def corpus_names(paths: Sequence[Path]) -> list[str]:
    """What several corpora are called: their folders' names, numbered where two are the same."""
    names: list[str] = []
    for path in paths:
        name = path.resolve().name
        same = sum(other == name or other.startswith(f"{name}-") for other in names)
        names.append(f"{name}-{same + 1}" if name in names else name)
    return names


def _base(spec: str | None) -> Step[Any] | None:
    if spec is None:
        return None
    from danlu.train.base_stage import base

    return base(files=resolve_base(spec, Path.cwd()))


def _vocabulary(given: Path | None, config: TokenizerConfig, documents: Step[Corpus]) -> "Step[Any] | TokenizerFiles":
    if given is not None:
        files = TokenizerFiles(given)
        files.content_hash()
        DocumentTokens.read(given, "")  # a wrong one is told before the documents are read
        return files
    from danlu.train.vocabulary.stage import train_unigram_vocabulary, train_vocabulary

    return (train_vocabulary if config.algorithm == "bpe" else train_unigram_vocabulary)(config, documents=documents)
