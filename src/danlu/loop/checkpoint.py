"""Where a training stands, on disk: trainable weights, optimizer, step, random state, losses; one file, one rename.

A reader sees the whole previous checkpoint or the whole new one, whenever the writer was killed.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAME = "training.pt"


@dataclass
class State:
    """What an exact resume needs. `key` names the training: a checkpoint of another one is not taken up."""

    key: str
    weights: dict[str, Any]
    optimizer: dict[str, Any]
    random_state: Any
    steps_done: int = 0
    losses: list[float] = field(default_factory=list)


def save_state(folder: Path, state: State) -> None:
    """Replace the checkpoint in `folder`; it is on the disk when this returns."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{_NAME}.unfinished"
    with unfinished.open("wb") as file:
        torch.save(vars(state), file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / _NAME)
    _sync_folder(folder)


def load_state(folder: Path, key: str) -> State | None:
    """Read the checkpoint of the training `key`, if there is one."""
    import torch

    path = folder / _NAME
    if not path.is_file():
        return None
    state = State(**torch.load(path, weights_only=True))
    return state if state.key == key else None


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
