"""Where a training stands, on disk, by torch's distributed checkpoints (DCP): one folder for a step, made whole by one rename.

DCP stores each weight and each optimizer state under its name in the model, so a checkpoint of one process can be read by
many that hold a share each, and the reverse. `state.json` beside it holds the sizes of its files, which tell a checkpoint
that was cut short from a whole one.
"""

import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict_loader import load as load_tensors
from torch.distributed.checkpoint.state_dict_saver import save as save_tensors

from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_facts
from danlu.core.library_errors import first_words, no_room_in

_STATE = "state.json"
_SIZES = "sizes"
_HELD_TO = "batches-held-to"


@dataclass
class State:
    """What an exact resume needs beside weights and optimizer. Random numbers are seeded anew by each step's number."""

    key: str
    """Names the training: a checkpoint of another one is not taken up."""
    losses: list[float | None] = field(default_factory=list)
    """Of each step done; None for one that was left out."""
    left_out: list[int] = field(default_factory=list)
    returns: int = 0
    max_padded_tokens: int | None = None
    """Set when memory ran out with larger batches."""
    layout: str = ""
    """By which the processes shared the training: that batch says nothing of another one's memory."""
    failed_in_a_row: int = 0
    """Steps tried since the last that was learnt from."""
    loss_scale: float | None = None
    """Of float16, at the end of the last step."""
    scores: dict[str, float] = field(default_factory=dict)
    """What periodic evaluations gave, by the number of steps done (text, as JSON wants its keys)."""


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often the loop saves where it stands, and the name of this very training."""

    folder: Path
    every_steps: int
    key: str
    keep: int = 3
    """So many, the newest: a spike is told late, and the training goes back to one before it."""


def save(where: Checkpoints, learner: torch.nn.Module, optimizers: list[torch.optim.Optimizer], state: State,
         extra: dict[str, Any]) -> None:  # fmt: skip
    """Write the checkpoint of `len(state.losses)` steps; it is on the disk when this returns. `extra` holds more tensors by name."""
    write(where, _tensors(learner, optimizers) | extra, state)


def write(where: Checkpoints, tensors: dict[str, Any], state: State) -> None:
    """`save`, of tensors that are there already; of those that are no DTensors each process may have others."""
    final = where.folder / f"step-{len(state.losses):08}"
    unfinished = where.folder / f"unfinished-{len(state.losses):08}"
    if _is_first():
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
    _wait()
    try:
        with _alone_or_not() as no_dist:
            save_tensors(tensors, checkpoint_id=unfinished, no_dist=no_dist)
        if _is_first():
            _finish(unfinished, final, state)
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)  # a full disk gets its space back; the last good one stays
        if isinstance(error, CheckpointException):  # no Exception to Python, and nobody would tell it to people
            raise _not_written(error, len(state.losses)) from error
        raise
    if _is_first():
        for old in _superseded(where):
            shutil.rmtree(folder_of(where, old))
    _wait()


def _not_written(error: CheckpointException, step: int) -> WorkFailed:
    cause = next((failure[0] for failure in error.failures.values()), error)
    return WorkFailed(
        "the checkpoint after step {step} could not be written: {problem}",
        "The last good checkpoint is kept: make room, and run the same again to go on.",
        step=step,
        problem=no_room_in(cause) or first_words(cause),
    )


def steps_saved(where: Checkpoints) -> list[int]:
    """Numbers of steps after which there is a whole checkpoint of this training, in order."""
    found = []
    for folder in sorted(where.folder.glob("step-*")):
        facts = _read(folder)
        if facts and facts["key"] == where.key:
            found.append(int(folder.name.removeprefix("step-")))
    return found


def sound_steps(where: Checkpoints) -> list[int]:
    """Those saved at their regular time: what a training goes back to must not follow from when it was interrupted."""
    return [step for step in steps_saved(where) if step % where.every_steps == 0]


def _superseded(where: Checkpoints) -> list[int]:
    """All but the newest, and the newest regular ones."""
    kept = {*steps_saved(where)[-1:], *sound_steps(where)[-where.keep :]}
    return [step for step in steps_saved(where) if step not in kept]


def hold_batches_to(where: Checkpoints, layout: str, max_padded_tokens: int) -> None:
    """For processes that are to start again, even before there is a checkpoint; several may say so at once."""
    where.folder.mkdir(parents=True, exist_ok=True)
    (where.folder / f"{_held(where, layout)}{max_padded_tokens}").touch()


def batches_held_to(where: Checkpoints, layout: str) -> int | None:
    """The least that was said of this training in this layout, if anything was."""
    said = _held(where, layout)
    return min((int(path.name.removeprefix(said)) for path in where.folder.glob(f"{said}*")), default=None)


def _held(where: Checkpoints, layout: str) -> str:
    """How the names of the files begin that say it."""
    return f"{_HELD_TO}-{hash_facts([where.key, layout])}-"


def load(where: Checkpoints, step: int, learner: torch.nn.Module, optimizers: list[torch.optim.Optimizer],
         extra: dict[str, Any]) -> State:  # fmt: skip
    """Put the weights, the optimizers' states and `extra` of a checkpoint back, in place, and return the rest."""
    folder = folder_of(where, step)
    _make_states(optimizers)
    _drop_states(learner, optimizers, folder)
    with _alone_or_not() as no_dist:
        load_tensors(_tensors(learner, optimizers) | extra, checkpoint_id=folder, no_dist=no_dist)
    return state_of(where, step)


def state_of(where: Checkpoints, step: int) -> State:
    """What lies beside the tensors of a checkpoint."""
    facts = _read(folder_of(where, step))
    assert facts is not None
    return State(**{name: value for name, value in facts.items() if name != _SIZES})


def forget(where: Checkpoints, after_step: int) -> None:
    """Delete the checkpoints of more steps, those that a training has gone back behind."""
    if _is_first():
        for step in steps_saved(where):
            if step > after_step:
                shutil.rmtree(folder_of(where, step))
    _wait()


def _tensors(learner: torch.nn.Module, optimizers: list[torch.optim.Optimizer]) -> dict[str, Any]:
    """The trained weights and the optimizers' states of each by its name, as the tensors themselves: loading writes into them.

    Groups of weights are left out: they follow from the settings, and differ between layouts.
    """
    weights = {name: weight for name, weight in learner.named_parameters() if weight.requires_grad}
    states = {weight: state for optimizer in optimizers for weight, state in optimizer.state.items()}
    return {
        "model": {name: weight.detach() for name, weight in weights.items()},
        "optimizer": {name: states[weight] for name, weight in weights.items() if weight in states},
    }


def _make_states(optimizers: list[torch.optim.Optimizer]) -> None:
    """Have the optimizers make the states that are not there, which they do at a first step: one of no length."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = 0.0
            for weight in group["params"]:
                weight.grad = None if weight in optimizer.state else torch.zeros_like(weight)
        optimizer.step()
        optimizer.zero_grad()


def _drop_states(learner: torch.nn.Module, optimizers: list[torch.optim.Optimizer], folder: Path) -> None:
    """Forget the states of weights that had never had a gradient when the checkpoint was written."""
    saved = FileSystemReader(folder).read_metadata().state_dict_metadata
    names = {weight: name for name, weight in learner.named_parameters()}
    with_state = {key.removeprefix("optimizer.").rpartition(".")[0] for key in saved if key.startswith("optimizer.")}
    for optimizer in optimizers:
        for weight in list(optimizer.state):
            if names[cast(torch.nn.Parameter, weight)] not in with_state:
                del optimizer.state[weight]


def folder_of(where: Checkpoints, step: int) -> Path:
    """Of the checkpoint of so many steps."""
    return where.folder / f"step-{step:08}"


def _finish(unfinished: Path, final: Path, state: State) -> None:
    sizes = {path.name: path.stat().st_size for path in sorted(unfinished.iterdir())}
    with (unfinished / _STATE).open("w", encoding="utf-8") as file:
        json.dump(asdict(state) | {_SIZES: sizes}, file)
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(final, ignore_errors=True)
    _sync_folder(unfinished)
    unfinished.rename(final)
    _sync_folder(final.parent)


def _read(folder: Path) -> dict[str, Any] | None:
    """What lies beside the tensors; None for a folder whose files are not all there in their sizes."""
    try:
        facts: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in facts[_SIZES].items())
    except (OSError, ValueError, KeyError):
        return None
    return facts if whole else None


def _sync_folder(folder: Path) -> None:
    """Make a rename itself last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone_or_not() -> Iterator[bool]:
    """Whether this process saves alone; DCP warns of that, and it is what we mean."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled", UserWarning)
        yield not dist.is_initialized()


def _is_first() -> bool:
    return not dist.is_initialized() or dist.get_rank() == 0


def _wait() -> None:
    if dist.is_initialized():
        dist.barrier()
