"""The trained model as an ordinary checkpoint, read back from disk and compared before anything else is done with it."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import WorkFailed
from danlu.loop.adapters import save_adapter
from danlu.loop.methods import Tuning
from danlu.loop.saving import save_tuned
from danlu.model.adapter_record import ADAPTER, AdapterRecord, write_record
from danlu.model.chat import ChatFormat
from danlu.model.checkpoint_files import save_checkpoint, weights_hash
from danlu.model.stops import declare_stop
from danlu.train.align.config import AlignConfig
from danlu.train.align.reward_model import load_reward_model, score


def save(
    model: Any, base_dir: Path, out_dir: Path, config: AlignConfig, probe_ids: Sequence[int], threads: int
) -> dict[str, Any]:
    """Write `out_dir`, with `adapter/` where LoRA was trained; returns how far the files are from the model in memory.

    Raises WorkFailed when that is beyond the tolerance. `model` is used up.
    """
    tuning = Tuning(config.tuning, rank=config.rank, alpha=config.alpha, dropout=0.0)
    tolerance = config.merge_relative_tolerance
    if config.method == "reward":
        return _save_reward_model(model, tuning, base_dir, out_dir, probe_ids, tolerance)
    check = save_tuned(model, tuning, base_dir, out_dir, probe_ids, relative_tolerance=tolerance, threads=threads)
    declare_stop(out_dir, ChatFormat.load(base_dir).stop_id)
    return asdict(check)


def _save_reward_model(
    model: Any, tuning: Tuning, base_dir: Path, out_dir: Path, probe_ids: Sequence[int], tolerance: float
) -> dict[str, Any]:
    before = [score(model, probe_ids[:end]) for end in range(1, len(probe_ids) + 1)]
    if tuning.method == "lora":
        save_adapter(model, out_dir / ADAPTER)
        record = AdapterRecord("lora", True, weights_hash(base_dir), settings=tuning.settings())
        write_record(out_dir / ADAPTER, record)
        model = model.merge_and_unload()
    save_checkpoint(model, base_dir, out_dir)
    saved = load_reward_model(out_dir)
    after = [score(saved, probe_ids[:end]) for end in range(1, len(probe_ids) + 1)]
    difference = (torch.tensor(before) - torch.tensor(after)).abs().max().item()
    largest = max(map(abs, before))
    if not difference <= tolerance * largest:
        raise WorkFailed(
            "the saved reward model is not the one that was trained: scores differ by {found:.2e} where {allowed:.2e} is allowed",
            found=difference,
            allowed=tolerance * largest,
        )
    return {
        "positions": len(before),
        "max_abs_score_difference": difference,
        "max_abs_score": largest,
        "relative_tolerance": tolerance,
    }
