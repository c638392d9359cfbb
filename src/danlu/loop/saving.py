"""A tuned model on disk, whatever the method, with proof that what was saved is what was trained.

The folder is loaded again as everyone downstream loads it, and its logits are compared with those of the model as it was
trained: that covers the merge, the data type, the saving and the loading.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from danlu.core.store import link
from danlu.loop.adapters import MergeCheck, check_saved, logits, save_adapter
from danlu.loop.methods import METHODS, Tuning
from danlu.loop.quantized import QUANTIZED, computing_exactly, dequantized
from danlu.model.adapted import load_peft
from danlu.model.adapter_record import ADAPTER, BASE, AdapterRecord, write_record
from danlu.model.bottleneck import BottleneckModel, save_bottlenecks
from danlu.model.checkpoint_files import FOLDER_FILES, INDEX, make_readable, save_checkpoint, weights_hash
from danlu.model.virtual_tokens import VirtualTokensModel


def save_tuned(
    model: Any,
    tuning: Tuning,
    base_dir: Path,
    out_dir: Path,
    probe_ids: Sequence[int],
    *,
    relative_tolerance: float,
    threads: int,
) -> MergeCheck:
    """Write `out_dir` as a checkpoint that `load_model` reads, with `adapter/` unless all weights were trained; uses `model` up.

    Raises WorkFailed when the logits of `probe_ids` differ by more than the tolerance.
    """
    model = model.cpu().eval()
    with computing_exactly(model) if tuning.method == "qlora" else nullcontext():
        before_TV = logits(model, probe_ids)
    if METHODS[tuning.method].is_merged:
        _save_merged(model, tuning, base_dir, out_dir, threads)
    else:
        _save_beside(model, tuning, base_dir, out_dir)
    return check_saved(before_TV, out_dir, probe_ids, relative_tolerance=relative_tolerance, threads=threads)


def _save_merged(model: Any, tuning: Tuning, base_dir: Path, out_dir: Path, threads: int) -> None:
    """An ordinary checkpoint. 4-bit weights are never written: their adapter goes into them dequantised."""
    if tuning.method != "full":
        save_adapter(model, out_dir / ADAPTER)
        write_record(out_dir / ADAPTER, _record(tuning, base_dir))
        if tuning.method == "qlora":
            model = load_peft(dequantized(model, base_dir, threads=threads), out_dir / ADAPTER, is_trained=False)
        model = model.merge_and_unload()
    save_checkpoint(model, base_dir, out_dir)


def _save_beside(model: Any, tuning: Tuning, base_dir: Path, out_dir: Path) -> None:
    """The base model in `base/`, the adapter in `adapter/`; see `danlu.model.adapter_record`."""
    (out_dir / BASE).mkdir(parents=True, exist_ok=True)
    for path in sorted(base_dir.iterdir()):
        if path.name in FOLDER_FILES or path.suffix == ".safetensors":
            link(path, out_dir / BASE / path.name)
        if path.name in FOLDER_FILES and path.name != INDEX:
            (out_dir / path.name).write_bytes(path.read_bytes())
    if isinstance(model, BottleneckModel):
        save_bottlenecks(model, out_dir / ADAPTER)
    else:
        assert isinstance(model, VirtualTokensModel)
        save_adapter(model.adapted, out_dir / ADAPTER)
    write_record(out_dir / ADAPTER, _record(tuning, base_dir))
    make_readable(out_dir)


def _record(tuning: Tuning, base_dir: Path) -> AdapterRecord:
    return AdapterRecord(
        method=tuning.method,
        is_merged=METHODS[tuning.method].is_merged,
        base_sha256=weights_hash(base_dir),
        quantized=QUANTIZED if tuning.method == "qlora" else "",
        settings=tuning.settings(),
    )
