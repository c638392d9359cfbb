"""What danlu writes beside an adapter, and the layout of a checkpoint whose adapter is not merged.

An adapter that has no place in the weights of an ordinary model (virtual tokens, bottleneck layers) leaves a folder
without `model.safetensors`: configuration and tokenizer at its top, the base model in `base/`, its weights untouched, the adapter in
`adapter/`. danlu joins the two when it loads the folder. A program that does not know the layout finds no weights and
says so, where weights at the top would have it serve the base model as if it were the tuned one.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.model.sound_files import check_sound

RECORD = "danlu_adapter.json"
ADAPTER = "adapter"
BASE = "base"


@dataclass(frozen=True)
class AdapterRecord:
    """Which model an adapter belongs to, how it was trained, and whether the checkpoint around it holds it in its weights."""

    method: str
    is_merged: bool
    base_sha256: str
    """`danlu.model.checkpoint_files.weights_hash` of the base model."""
    quantized: str = ""
    """How the base model's weights were stored while it was trained: `nf4`, or empty for whole weights."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What shapes the adapter: rank, bottleneck, virtual_tokens."""


def write_record(adapter_dir: Path, record: AdapterRecord) -> None:
    """Write the record beside the adapter's weights."""
    text = json.dumps(asdict(record), indent=2, sort_keys=True) + "\n"
    (adapter_dir / RECORD).write_text(text, encoding="utf-8")


def read_record(adapter_dir: Path) -> AdapterRecord | None:
    """The record; None for an adapter of another tool. Raises UserError for a damaged one."""
    path = adapter_dir / RECORD
    if not path.is_file():
        return None
    try:
        return AdapterRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise UserError(
            "{path} is damaged", "take the adapter's folder again from where it was made", path=path
        ) from None


def unmerged(checkpoint_dir: Path) -> AdapterRecord | None:
    """The record of the adapter that must be put on the weights in `base/`; None for an ordinary checkpoint."""
    record = read_record(checkpoint_dir / ADAPTER)
    return record if record is not None and not record.is_merged else None


def refuse_unmerged(base_dir: Path) -> None:
    """Raises UserError for a base whose adapter is not in its weights: what is trained on top of it could not be merged."""
    record = unmerged(base_dir)
    if record is not None:
        raise UserError(
            "{folder} was tuned by {method}, which is not merged into weights, so nothing can be trained on top of it",
            "danlu finetune --base path:{folder}/base --adapter {folder}/adapter goes on with its adapter",
            folder=base_dir,
            method=record.method,
        )


@dataclass(frozen=True)
class AdapterFiles:
    """A saved adapter as an input of a plan: it enters identity by its content."""

    folder: Path

    def content_hash(self) -> str:
        """SHA-256 over its files; raises UserError when there are none, or one was cut short."""
        files = sorted(path for path in self.folder.glob("*") if path.suffix in (".json", ".safetensors"))
        if not files:
            raise UserError(
                "{folder} is no adapter: adapter_config.json and adapter_model.safetensors are expected",
                "name the folder `adapter` of a tuned checkpoint",
                folder=self.folder,
            )
        for path in files:
            check_sound(path)
        return hash_facts([[path.name, hash_file(path)] for path in files])
