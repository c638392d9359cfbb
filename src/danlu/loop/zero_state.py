"""A training that ZeRO parts, saved and taken up as the loop's own checkpoints: whole weights under their names.

So a checkpoint of any layout resumes in any other. The price is one sum over the processes for each weight and each of its
states when a checkpoint is written; each process then writes some of the weights.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict_loader import load as load_tensors

from danlu.loop import checkpoint
from danlu.loop.average import Tensors
from danlu.loop.checkpoint import Checkpoints, State
from danlu.loop.zero import STATES, Zero

_WEIGHTS_AT_ONCE = 16
"""Read together: what lies whole in memory for a moment."""


def save(where: Checkpoints, zero: Zero, state: State, extra: dict[str, Tensors]) -> None:
    """As `checkpoint.save`."""
    saved: dict[str, Any] = {kind: {} for kind in ("model", "optimizer", *extra)}
    for number, name in enumerate(zero.shapes):
        weights = {kind: _whole_weight(zero, name, held[name]) for kind, held in _weights(zero, extra).items()}
        states = {key: _whole(zero, name, part) for key, part in zero.states(name).items()}
        if number % dist.get_world_size() == dist.get_rank():
            saved["optimizer"][name] = {"step": zero.steps_done(name).clone(), **states}
            for kind, weight in weights.items():
                saved[kind][name] = weight
    checkpoint.write(where, saved, state)


def load(where: Checkpoints, step: int, zero: Zero, extra: dict[str, Tensors]) -> State:
    """As `checkpoint.load`."""
    held, names = _weights(zero, extra), list(zero.shapes)
    for first in range(0, len(names), _WEIGHTS_AT_ONCE):
        some = names[first : first + _WEIGHTS_AT_ONCE]
        for name, read in _read(checkpoint.folder_of(where, step), zero, some, list(held)):
            for key, part in zero.states(name).items():
                _put(zero, name, part, read["optimizer"][key])
            zero.steps_done(name).copy_(read["optimizer"]["step"])
            _put(zero, name, zero.optimized(name), read["model"])
            for kind, weights in held.items():
                _put_weight(zero, name, weights[name], read[kind])
    return checkpoint.state_of(where, step)


def _weights(zero: Zero, extra: dict[str, Tensors]) -> dict[str, Tensors]:
    return {"model": zero.weights(), **extra}


def _read(folder: Path, zero: Zero, names: Sequence[str], kinds: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Some weights and their states, whole. A weight that had never had a gradient has no states: they stay zeros."""
    there = FileSystemReader(folder).read_metadata().state_dict_metadata
    blank: dict[str, Any] = {kind: {name: torch.zeros(zero.shapes[name]) for name in names} for kind in kinds}
    blank["optimizer"] = {
        name: {"step": torch.zeros(()), **{key: torch.zeros(zero.shapes[name]) for key in STATES}} for name in names
    }
    known = {name: states for name, states in blank["optimizer"].items() if f"optimizer.{name}.step" in there}
    load_tensors({**blank, "optimizer": known}, checkpoint_id=folder)
    for name in names:
        yield name, {kind: blank[kind][name] for kind in blank}


def _whole_weight(zero: Zero, name: str, held: torch.Tensor) -> torch.Tensor:
    return _whole(zero, name, held) if zero.parts_weights else held.detach()


def _whole(zero: Zero, name: str, part: torch.Tensor) -> torch.Tensor:
    """From the parts of all processes; each number is in one of them."""
    place, shape = zero.places[name], zero.shapes[name]
    row = torch.zeros(shape.numel(), dtype=part.dtype, device=part.device)
    row[place.weight_start :][: place.count] = part.detach()[: place.count]
    dist.all_reduce(row)
    return row.view(shape)


def _put_weight(zero: Zero, name: str, held: torch.Tensor, whole: torch.Tensor) -> None:
    if zero.parts_weights:
        _put(zero, name, held, whole)
    else:
        held.detach().copy_(whole)


def _put(zero: Zero, name: str, part: torch.Tensor, whole: torch.Tensor) -> None:
    """What this process keeps of a weight, or of one of its states."""
    place = zero.places[name]
    part.detach()[: place.count] = whole.flatten()[place.weight_start :][: place.count].to(part.device)
