"""LoRA (Hu et al. 2021, arXiv 2106.09685) by PEFT: put on, saved, merged, and the merge checked.

Shapes: T positions, V tokens of the vocabulary.
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import WorkFailed
from danlu.model.loading import load_model, quiet_transformers

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


@dataclass(frozen=True)
class MergeCheck:
    """How far the merged checkpoint, read back from disk, is from the model that was trained."""

    positions: int
    max_abs_logit_difference: float
    max_abs_logit: float
    relative_tolerance: float


class PackedDropout(torch.nn.Module):
    """Dropout whose mask takes 16 random bits for an element, four elements to a draw.

    torch's own takes 13 ns an element on a CPU where this takes 5 ns; LoRA drops the input of each of 210 layers,
    so a training step of SmolLM2-135M is a fifth shorter. The rate is rounded to 1/65,536.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._dropped = round(rate * 65_536)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Zero elements at the rate and scale the others up, while training."""
        if not self.training:
            return inputs
        draws = torch.empty((inputs.numel() + 3) // 4, dtype=torch.int64)
        draws.random_(torch.iinfo(torch.int64).min, None)
        kept = draws.view(torch.int16)[: inputs.numel()].view(inputs.shape) >= self._dropped - 32_768
        # `where` keeps one byte an element for the way back, a product would keep four.
        return torch.where(kept, inputs * (65_536 / (65_536 - self._dropped)), 0)


def add_lora(model: Any, *, rank: int, alpha: int, dropout: float) -> Any:
    """Wrap every linear layer but the output head; initial weights come from torch's CPU generator."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():
        # PEFT asks Transformers by a name that Transformers has just deprecated.
        warnings.simplefilter("ignore", FutureWarning)
        adapted = get_peft_model(model, config)
    for module in list(adapted.modules()):
        dropouts = getattr(module, "lora_dropout", None)
        if dropout and isinstance(dropouts, torch.nn.ModuleDict):
            dropouts["default"] = PackedDropout(dropout)
    return adapted


def save_adapter(adapted: Any, folder: Path) -> None:
    """Write the adapter as PEFT reads it, with equal bytes for equal weights."""
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    # PEFT writes a set, whose order changes from process to process, and where the base lies on this machine.
    config["target_modules"] = sorted(config["target_modules"])
    config["base_model_name_or_path"] = None
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    _make_readable(folder)


def merge_and_save(
    adapted: Any, base_dir: Path, out_dir: Path, probe_ids: Sequence[int], *, relative_tolerance: float, threads: int
) -> MergeCheck:
    """Write `out_dir` as an ordinary checkpoint with the adapter in its weights; `adapted` is used up.

    The check compares the logits of `probe_ids` before the merge with those of the files as read back from disk,
    so it covers the merge, the data type and the saving. Raises WorkFailed beyond the tolerance.
    """
    before_TV = _logits(adapted.eval(), probe_ids)
    merged = adapted.merge_and_unload()
    with quiet_transformers():
        merged.save_pretrained(out_dir, max_shard_size="1TB")
    for name in _TOKENIZER_FILES:
        if (base_dir / name).is_file():
            (out_dir / name).write_bytes((base_dir / name).read_bytes())
    _make_readable(out_dir)
    check = _compare(before_TV, _logits(load_model(out_dir, threads=threads), probe_ids), relative_tolerance)
    if not check.max_abs_logit_difference <= relative_tolerance * check.max_abs_logit:
        raise WorkFailed(
            "the merged checkpoint is not the model that was trained: logits differ by {found:.2e} where {allowed:.2e} is allowed",
            found=check.max_abs_logit_difference,
            allowed=relative_tolerance * check.max_abs_logit,
        )
    return check


def _logits(model: Any, ids: Sequence[int]) -> torch.Tensor:
    with torch.no_grad():
        logits_TV: torch.Tensor = model(input_ids=torch.tensor([list(ids)]), use_cache=False).logits[0]
    return logits_TV


def _compare(before_TV: torch.Tensor, after_TV: torch.Tensor, relative_tolerance: float) -> MergeCheck:
    return MergeCheck(
        positions=len(before_TV),
        max_abs_logit_difference=(before_TV - after_TV).abs().max().item(),
        max_abs_logit=before_TV.abs().max().item(),
        relative_tolerance=relative_tolerance,
    )


def _make_readable(folder: Path) -> None:
    """Undo mode 0600, with which safetensors creates its files."""
    for path in folder.iterdir():
        if path.is_file():
            path.chmod(0o644)
