"""The process that watches over a job's command (danlu.core.job_folder): it starts it, hands SIGTERM on, and writes down how it ended."""

import os
import signal
import subprocess
from pathlib import Path
from threading import Event

from danlu.core.job_folder import JobFolder
from danlu.core.store import write_atomically


def watch(folder: str, descriptor: int) -> None:
    """Run the command of a job, in a process of its own; both hold the lock `descriptor` while they live."""
    job, asked = JobFolder(Path(folder)), Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    facts = job.facts()
    with (job.path / "output").open("ab") as output, (job.path / "messages").open("ab") as messages:
        command = subprocess.Popen(
            facts["command"],
            cwd=job.work / facts["place"],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=messages,
            pass_fds=(descriptor,),
        )
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    if asked.is_set():
        command.terminate()
    write_atomically(job.path / "status", f"{command.wait()}\n")
