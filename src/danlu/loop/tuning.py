"""A base model made ready to be fine-tuned by one of the methods: from a fresh start, or from an adapter that was saved."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import UserError
from danlu.loop.adapters import add_ia3, add_lora, add_virtual_tokens, set_lora_dropout
from danlu.loop.methods import Tuning
from danlu.loop.quantized import load_4bit
from danlu.model.adapted import load_adapted
from danlu.model.adapter_record import AdapterRecord, read_record, refuse_unmerged
from danlu.model.bottleneck import BottleneckModel
from danlu.model.checkpoint_files import weights_hash
from danlu.model.loading import load_model
from danlu.model.virtual_tokens import VirtualTokensModel

_PEFT_METHODS = {
    "LORA": ("lora", "qlora"),
    "IA3": ("ia3",),
    "PREFIX_TUNING": ("prefix",),
    "PROMPT_TUNING": ("prompt",),
    "P_TUNING": ("p_tuning",),
}


def load_for_tuning(
    base_dir: Path,
    tuning: Tuning,
    start_ids: Sequence[int],
    *,
    seed: int,
    threads: int,
    adapter_dir: Path | None = None,
) -> Any:
    """The base model with what `tuning` trains on it; only that requires gradients.

    `start_ids` are token ids of the training data, from which virtual tokens start. `adapter_dir` is an adapter to go on
    from. Raises UserError when that is of another base, method or shape.
    """
    refuse_unmerged(base_dir)
    if adapter_dir is not None:
        check_adapter(adapter_dir, base_dir, tuning)
    load = load_4bit if tuning.method == "qlora" else load_model
    model = load(base_dir, threads=threads)
    # The caller's random numbers are not ours to change.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if adapter_dir is None:
            return _fresh(model, tuning, start_ids)
        adapted = load_adapted(model, adapter_dir, is_trained=True)
        set_lora_dropout(adapted, tuning.dropout)
        return adapted


def _fresh(model: Any, tuning: Tuning, start_ids: Sequence[int]) -> Any:
    match tuning.method:
        case "full":
            return model.requires_grad_(True)
        case "lora" | "qlora":
            return add_lora(model, rank=tuning.rank, alpha=tuning.alpha, dropout=tuning.dropout)
        case "ia3":
            return add_ia3(model)
        case "houlsby":
            return BottleneckModel(model, tuning.bottleneck)
        case _:
            return VirtualTokensModel(add_virtual_tokens(model, tuning.method, tuning.virtual_tokens, start_ids))


def check_adapter(adapter_dir: Path, base_dir: Path, tuning: Tuning) -> None:
    """Raises UserError unless the adapter was made for this base model by the same method with the same settings.

    An adapter of another tool has no record of its base: its names and shapes are checked when it is put on.
    """
    if tuning.method in ("full", "p_tuning"):
        raise UserError(
            "method {method} cannot go on from an adapter",
            "full trains no adapter, and p_tuning keeps only what its encoder computed: use lora, or prompt",
            method=tuning.method,
        )
    record = read_record(adapter_dir)
    methods, settings = _described(adapter_dir, record)
    if tuning.method not in methods:
        raise UserError(
            "{folder} was trained by method {found}, and method {method} is asked for",
            "--set finetune.method={found}",
            folder=adapter_dir,
            found=methods[0],
            method=tuning.method,
        )
    for name, wanted in tuning.settings().items():
        if settings.get(name, wanted) != wanted:
            raise UserError(
                "{folder} has {name} {found}, and {wanted} is asked for",
                "--set finetune.{name}={found}",
                folder=adapter_dir,
                name=name,
                found=settings[name],
                wanted=wanted,
            )
    if record is not None and record.base_sha256 != weights_hash(base_dir):
        raise UserError(
            "{folder} is an adapter of another base model: the weights that it was trained on have another hash",
            "name the model that it was trained on after --base",
            folder=adapter_dir,
        )


def _described(adapter_dir: Path, record: AdapterRecord | None) -> tuple[Sequence[str], dict[str, Any]]:
    """The methods that can have made an adapter, and its settings."""
    if record is not None:
        return (record.method,), record.settings
    path = adapter_dir / "adapter_config.json"
    if not path.is_file():
        raise UserError(
            "{folder} is no adapter: adapter_config.json and adapter_model.safetensors are expected",
            "name the folder `adapter` of a tuned checkpoint",
            folder=adapter_dir,
        )
    config = json.loads(path.read_text(encoding="utf-8"))
    methods = _PEFT_METHODS.get(config.get("peft_type"))
    if methods is None:
        raise UserError(
            "{folder} is an adapter of the kind {kind}, which danlu does not train",
            "known are {known}",
            folder=adapter_dir,
            kind=config.get("peft_type"),
            known=", ".join(_PEFT_METHODS),
        )
    names = {"rank": "r", "alpha": "lora_alpha", "virtual_tokens": "num_virtual_tokens"}
    return methods, {ours: config[theirs] for ours, theirs in names.items() if theirs in config}
