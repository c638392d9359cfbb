"""Checkpoints of TRL's trainer: one counts when all of its files reached the disk, and a seal, written last, says so.

A checkpoint that a kill cut short has no seal, or files that are shorter than its seal says: the one before is taken.
"""

import json
import os
import shutil
from pathlib import Path

from danlu.core.store import write_atomically

_SEAL = "sealed.json"


def seal(checkpoint: Path) -> None:
    """Put every file on the disk, then write down their sizes."""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != _SEAL)
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in files}
    write_atomically(checkpoint / _SEAL, json.dumps(sizes, indent=2) + "\n")


def newest(folder: Path) -> Path | None:
    """The newest whole checkpoint below `folder`; those that were cut short are deleted."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if _is_whole(checkpoint):
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_whole(checkpoint: Path) -> bool:
    if not (checkpoint / _SEAL).is_file():
        return False
    sizes = json.loads((checkpoint / _SEAL).read_text(encoding="utf-8"))
    return all(_size(checkpoint / name) == size for name, size in sizes.items())


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
