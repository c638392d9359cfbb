"""A stand-alone command that is killed in the middle of its work."""

import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from commands import DANLU, environment


def killed_when(folder: Path, arguments: list[str], seen: str, **changed: str) -> bool:
    """Run `danlu ARGUMENTS` and kill it with SIGKILL as soon as a file like `seen` lies below `folder`; whether that was in time."""
    process = subprocess.Popen([DANLU, *arguments], cwd=folder, env=environment(**changed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    found = False
    while process.poll() is None:
        with suppress(FileNotFoundError):  # folders come and go while they are looked through
            found = any(folder.rglob(seen))
        if found:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False
