"""A stand-alone command that is killed in the middle of its work."""

import signal
import subprocess
import time
from pathlib import Path

from commands import DANLU, environment


def killed_when(folder: Path, arguments: list[str], seen: str, **changed: str) -> bool:
    """Run `danlu ARGUMENTS` and kill it with SIGKILL as soon as a file like `seen` lies below `folder`; whether that was in time."""
    process = subprocess.Popen([DANLU, *arguments], cwd=folder, env=environment(**changed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    while process.poll() is None:
        if any(folder.rglob(seen)):
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False
