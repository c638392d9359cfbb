"""The plan of `danlu pretrain`: from documents to a model that was measured on documents it never saw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Corpus
from danlu.core.stages import Plan, Step
from danlu.data.split.stage import SplitConfig, split
from danlu.data.split.take import TakeConfig, take
from danlu.model.base_model import resolve_base
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings
from danlu.train.pretrain import PretrainConfig
from danlu.train.pretrain_stage import pretrain
from danlu.train.tokenize.stage import TokenizeConfig, tokenize
from danlu.train.tokenize.tokenizer import DocumentTokens, TokenizerFiles
from danlu.train.vocabulary.config import TokenizerConfig

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # A minute or so on two cores: shows the whole way, and a model that knows words.
    "tiny": {
        "tokenizer.size": 4096,
        "pretrain.layers": 2,
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
    paths: Sequence[Path], licence: str, tokenizer: Path | None, base: str | None, settings: Settings, seed: int = 0
) -> Plan:
    """Part documents, make a vocabulary of one side, learn from it, and measure on the other.

    With `tokenizer` that folder's vocabulary is taken; with `base` an open model is gone on with, in its own vocabulary.
    """
    config = settings.of("pretrain", PretrainConfig)
    vocabulary_config = settings.of("tokenizer", TokenizerConfig)
    shares = SplitConfig.model_validate(_SPLIT)
    parted = split(shares, documents=corpus_of(paths, licence, settings))
    sides = {
        side: take(TakeConfig.model_validate({"side": side}), documents=parted) for side in ("train", "validation")
    }
    model = _base(base)
    vocabulary = model or _vocabulary(tokenizer, vocabulary_config, sides["train"])
    how = settings.of("tokenize", TokenizeConfig)
    shards, held_out = (tokenize(how, documents=sides[side], tokenizer=vocabulary) for side in ("train", "validation"))
    target = pretrain(config, shards=shards, held_out=held_out, tokenizer=vocabulary, base=model)
    settings.check_all_used()
    return Plan(target, seed)


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
