"""Runs the installed `danlu` as a user does, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

DANLU = Path(sys.executable).with_name("danlu")


def environment(**changed: str) -> dict[str, str]:
    """This process's environment, in English whatever the locale."""
    plain = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES", "LANG")}
    return {**plain, "LANG": "C.UTF-8", **changed}


def danlu(folder: Path, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """The outcome of `danlu ARGUMENTS` with `folder` as the working folder."""
    return subprocess.run(
        [DANLU, *arguments], cwd=folder, env=environment(**changed), capture_output=True, text=True, check=False
    )
