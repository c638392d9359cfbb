"""Adapters by PEFT: LoRA (Hu et al. 2021, arXiv 2106.09685), IA3 (Liu et al. 2022, arXiv 2205.05638), prefix tuning (Li and
Liang 2021, arXiv 2101.00190), prompt tuning (Lester et al. 2021, arXiv 2104.08691), P-tuning (Liu et al. 2021, arXiv 2103.10385).

Put on, saved, merged, and the result checked. Initial weights come from torch's CPU generator.

Shapes: P virtual tokens, D hidden size, T positions, V tokens of the vocabulary.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import UserError, WorkFailed
from danlu.model.adapted import quiet_peft
from danlu.model.checkpoint_files import make_readable, save_checkpoint
from danlu.model.loading import load_model, read_model_facts


@dataclass(frozen=True)
class MergeCheck:
    """How far the saved checkpoint, read back from disk, is from the model that was trained."""

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
        if not self.training or not self._dropped:
            return inputs
        draws = torch.empty((inputs.numel() + 3) // 4, dtype=torch.int64, device=inputs.device)
        draws.random_(torch.iinfo(torch.int64).min, None)
        kept = draws.view(torch.int16)[: inputs.numel()].view(inputs.shape) >= self._dropped - 32_768
        # `where` keeps one byte an element for the way back, a product would keep four.
        return torch.where(kept, inputs * (65_536 / (65_536 - self._dropped)), 0)


def add_lora(model: Any, *, rank: int, alpha: int, dropout: float) -> Any:
    """Wrap every linear layer but the output head, whole or in 4 bits."""
    with quiet_peft():
        from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules="all-linear", task_type=_task(model)
    )
    with quiet_peft():
        adapted = get_peft_model(model, config)
    set_lora_dropout(adapted, dropout)
    return adapted


def _task(model: Any) -> str | None:
    """PEFT's name of what the model does; it has none for filling gaps."""
    if model.config.is_encoder_decoder:
        return "SEQ_2_SEQ_LM"
    return "CAUSAL_LM" if model.can_generate() else None


def set_lora_dropout(adapted: Any, rate: float) -> None:
    """Replace the dropout of every LoRA layer."""
    for module in list(adapted.modules()):
        dropouts = getattr(module, "lora_dropout", None)
        if isinstance(dropouts, torch.nn.ModuleDict) and "default" in dropouts:
            dropouts["default"] = PackedDropout(rate)


def add_ia3(model: Any) -> Any:
    """Learnt factors on keys, values and the inner activations of the MLP, as PEFT knows them by the model's type."""
    with quiet_peft():
        from peft import IA3Config, get_peft_model

    try:
        with quiet_peft():
            return get_peft_model(model, IA3Config(task_type="CAUSAL_LM"))
    except ValueError as error:
        raise UserError(
            "method ia3 does not know the layers of {architecture}",
            "models built like LLaMA are known; tune this one with method=lora",
            architecture=type(model).__name__,
        ) from error


def add_virtual_tokens(model: Any, method: str, count: int, start_ids: Sequence[int]) -> Any:
    """Put `count` learnt vectors before the input. Prefix and prompt start from the text of `start_ids`, repeated as needed.

    Real words are the better start (Li and Liang 2021, section 7.4; Lester et al. 2021, section 3.2), and the model
    says at first what it says behind that text; random vectors of unit size would make it babble.
    """
    with quiet_peft():
        from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, get_peft_model

    ids_BP = torch.tensor([(list(start_ids) * count)[:count]])
    if method == "p_tuning":
        hidden = model.config.hidden_size
        how: Any = PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=count, encoder_hidden_size=hidden)
    else:
        kind = PrefixTuningConfig if method == "prefix" else PromptTuningConfig
        how = kind(task_type="CAUSAL_LM", num_virtual_tokens=count)
    with torch.no_grad():
        cache = model(input_ids=ids_BP, use_cache=True).past_key_values if method == "prefix" else None
        embeds_PD = model.get_input_embeddings()(ids_BP)[0]
    with quiet_peft():
        adapted = get_peft_model(model, how)
    encoder = adapted.prompt_encoder["default"]
    if method == "prefix":
        encoder.load_prompt_embeddings(_flat(cache, encoder.embedding.weight.shape))
    elif method == "prompt":
        with torch.no_grad():
            encoder.embedding.weight.copy_(embeds_PD)
    return adapted


def _flat(cache: Any, shape: torch.Size) -> torch.Tensor:
    """Keys and values of every layer by position, as PEFT's prefix holds them: (position, layer, key or value, head, size)."""
    both = [states[0].transpose(0, 1) for layer in cache.layers for states in (layer.keys, layer.values)]
    return torch.stack(both, dim=1).reshape(shape)


def save_adapter(adapted: Any, folder: Path) -> None:
    """Write the adapter as PEFT reads it, with equal bytes for equal weights."""
    with quiet_peft():
        adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    # PEFT writes sets, whose order changes from process to process, and where the base lies on this machine.
    for name in ("target_modules", "feedforward_modules"):
        if isinstance(config.get(name), list):
            config[name] = sorted(config[name])
    config["base_model_name_or_path"] = None
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    make_readable(folder)


def merge_and_save(
    adapted: Any, base_dir: Path, out_dir: Path, probe_ids: Sequence[int], *, relative_tolerance: float, threads: int
) -> MergeCheck:
    """Write `out_dir` as an ordinary checkpoint with the adapter in its weights; `adapted` is used up.

    The check compares the logits of `probe_ids` before the merge with those of the files as read back from disk,
    so it covers the merge, the data type and the saving. Raises WorkFailed beyond the tolerance.
    """
    before_TV = logits(adapted.eval(), probe_ids)
    save_checkpoint(adapted.merge_and_unload(), base_dir, out_dir)
    return check_saved(before_TV, out_dir, probe_ids, relative_tolerance=relative_tolerance, threads=threads)


def check_saved(
    before_TV: torch.Tensor, out_dir: Path, probe_ids: Sequence[int], *, relative_tolerance: float, threads: int
) -> MergeCheck:
    """Compare the trained model's logits with those of the checkpoint as everyone downstream loads it; WorkFailed beyond the tolerance."""
    after_TV = logits(load_model(out_dir, threads=threads, kind=read_model_facts(out_dir).kind), probe_ids)
    check = MergeCheck(
        positions=len(before_TV),
        max_abs_logit_difference=(before_TV - after_TV).abs().max().item(),
        max_abs_logit=before_TV.abs().max().item(),
        relative_tolerance=relative_tolerance,
    )
    if not check.max_abs_logit_difference <= relative_tolerance * check.max_abs_logit:
        raise WorkFailed(
            "the saved checkpoint is not the model that was trained: logits differ by {found:.2e} where {allowed:.2e} is allowed",
            found=check.max_abs_logit_difference,
            allowed=relative_tolerance * check.max_abs_logit,
        )
    return check


def logits(model: Any, ids: Sequence[int]) -> torch.Tensor:
    """The logits at each position of one sequence, without gradients; a decoder behind an encoder reads the same sequence."""
    ids_1T = torch.tensor([list(ids)])
    read = {"input_ids": ids_1T} | ({"decoder_input_ids": ids_1T} if model.config.is_encoder_decoder else {})
    with torch.no_grad():
        logits_TV: torch.Tensor = model(**read, use_cache=False).logits[0]
    return logits_TV
