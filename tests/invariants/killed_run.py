"""`danlu run` in a process that kills itself with SIGKILL: KILL_AT is STAGE:SECONDS into the stage, or STAGE:commit."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from danlu.cli.main import main
from danlu.core import execute, store

STAGE, _, MOMENT = os.environ["KILL_AT"].partition(":")
MANIFEST = "manifest.json"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def begin(folder: Path, *rest: Any) -> Path:
    """The real one; when it is the stage's turn, the clock is set."""
    scratch = store.begin(folder, *rest)
    if folder.parent.name == STAGE and MOMENT != "commit":
        seconds = float(MOMENT)
        threading.Timer(seconds, die).start() if seconds else die()
    return scratch


def write_atomically(path: Path, text: str, real: Any = store.write_atomically) -> None:
    """The real one; when it is the stage's manifest, only half of it."""
    if path.name == MANIFEST and path.parent.parent.name == STAGE and MOMENT == "commit":
        path.with_name(path.name + ".half").write_text(text[: len(text) // 2])
        die()
    real(path, text)


if __name__ == "__main__":
    execute.begin = begin
    store.write_atomically = write_atomically
    sys.exit(main(["run"]))
