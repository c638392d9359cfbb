"""A command at work for someone who is not connected: started once, outliving its connection, its output and its end kept in files.

One folder for each job, on the machine where it runs:

    job.json    the command, and where below work/ it runs
    inputs/     an empty file for each input, by its id: what another job's removal must leave
    lock        held by the process that watches over the command and by the command, as long as one of them lives: the kernel
                lets it go, whatever happened
    watcher     the watching process's id, which is their process group's too, and its machine's name
    output, messages    what the command printed
    status      its exit status; negative: the signal that ended it
    work/       where it runs: what it makes lies in work/out, a project in a folder of its name
"""

import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from danlu.core.errors import UserError
from danlu.core.frames import CHUNK_BYTES
from danlu.core.store import write_atomically

STREAMS = ("output", "messages")
"""Standard output and standard error."""
State = Literal["absent", "running", "ended", "gone"]
_LOOK_EVERY_S = 0.2
"""How often what a running job printed is looked for: soon enough for people, and a thousandth of one core."""
_ALIVE_EVERY_S = 15.0
"""How often a quiet job's follower is sent something, so that a broken connection is noticed."""
_TRIES, _TRY_EVERY_S = 20, 0.05
_WATCH = "import sys; from danlu.core.job_watch import watch; watch(sys.argv[1], int(sys.argv[2]))"


@dataclass(frozen=True)
class JobFolder:
    """A job on this machine."""

    path: Path

    @property
    def work(self) -> Path:
        """Where the command runs."""
        return self.path / "work"

    def state(self) -> State:
        """Whether it runs, ended with a status, or is gone: killed together with what watched over it.

        What an ended command left running in the background is none of the job.
        """
        if not (self.path / "job.json").exists():
            return "absent"
        if self.status() is not None:
            return "ended"
        descriptor = self._locked(fcntl.LOCK_SH)
        if descriptor is None:
            return "running"
        os.close(descriptor)
        return "gone" if self.status() is None else "ended"  # it may have ended since

    def status(self) -> int | None:
        """The exit status; None before the end."""
        path = self.path / "status"
        return int(path.read_text(encoding="utf-8")) if path.exists() else None

    @property
    def inputs(self) -> set[str]:
        """Ids of what it reads, from when the first byte of it came."""
        return {path.name for path in (self.path / "inputs").glob("*")}

    def name_input(self, id: str) -> None:
        """Hold an input for this job."""
        (self.path / "inputs").mkdir(parents=True, exist_ok=True)
        (self.path / "inputs" / id).touch()

    def facts(self) -> dict[str, Any]:
        """What job.json says."""
        facts: dict[str, Any] = json.loads((self.path / "job.json").read_text(encoding="utf-8"))
        return facts

    def start(self, command: Sequence[str], place: str) -> bool:
        """Run the command in a session of its own, in the folder `place` below `work`; False when the job runs already.

        What an earlier run of the job left in its folder stays: it is gone on from.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        descriptor = self._held()
        if descriptor is None:
            return False
        try:
            for name in ("status", "watcher"):
                (self.path / name).unlink(missing_ok=True)
            write_atomically(self.path / "job.json", json.dumps({"command": command, "place": place}) + "\n")
            for stream in STREAMS:
                (self.path / stream).touch()
            pid = self._watched(descriptor)
            write_atomically(self.path / "watcher", json.dumps([pid, platform.node()]) + "\n")
        finally:
            os.close(descriptor)
        return True

    def _watched(self, descriptor: int) -> int:
        """Start the watcher; returns its process id. The lock goes to it with its open file: at no moment is it free.

        SIGTERM is held back from it until it can hand that on.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        try:
            with (self.path / "messages").open("ab") as messages:
                return subprocess.Popen(
                    [sys.executable, "-P", "-c", _WATCH, str(self.path), str(descriptor)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=messages,
                    start_new_session=True,
                    pass_fds=(descriptor,),
                ).pid
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def stop(self) -> bool:
        """Ask the command to end, by SIGTERM: a training saves first. False when it does not run.

        When its watcher was killed alone, all that it started is asked. Raises UserError on another machine of a cluster than
        the one where it runs.
        """
        if self.state() != "running" or not (self.path / "watcher").exists():
            return False
        pid, machine = json.loads((self.path / "watcher").read_text(encoding="utf-8"))
        if machine != platform.node():
            raise UserError(
                "The job runs on {machine}, and this is {here}",
                "Name that machine: the cluster's name led to another one.",
                machine=machine,
                here=platform.node(),
            )
        with suppress(ProcessLookupError):  # it ended meanwhile
            # No other process can have the id of a group that lives.
            (os.kill if _lives(pid) else os.killpg)(pid, signal.SIGTERM)
        return True

    def printed(self, read: dict[str, int]) -> Iterator[tuple[str, bytes]]:
        """What the job prints after the first so many bytes of each stream, until it ends; now and then nothing, of no stream."""
        read, told = dict(read), time.monotonic()
        while True:
            runs = self.state() == "running"  # asked first: what was printed before the end is read after it
            quiet = True
            for stream in reversed(STREAMS):
                while chunk := self._after(stream, read.get(stream, 0)):
                    read[stream] = read.get(stream, 0) + len(chunk)
                    quiet = False
                    yield stream, chunk
            if not runs:
                return
            if quiet and time.monotonic() - told > _ALIVE_EVERY_S:
                yield "", b""
                quiet = False
            told = told if quiet else time.monotonic()
            time.sleep(_LOOK_EVERY_S)

    def last_lines(self, count: int) -> str:
        """The end of what it printed as messages."""
        path = self.path / "messages"
        text = path.read_bytes()[-CHUNK_BYTES:].decode("utf-8", "replace") if path.exists() else ""
        return "\n".join(text.rstrip().splitlines()[-count:])

    def _after(self, stream: str, offset: int) -> bytes:
        with (self.path / stream).open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK_BYTES)

    def _held(self) -> int | None:
        """The lock for oneself. Who only looks at it has it for a moment, so it is tried for a second."""
        for _ in range(_TRIES):
            if (descriptor := self._locked(fcntl.LOCK_EX)) is not None:
                return descriptor
            time.sleep(_TRY_EVERY_S)
        return None

    def _locked(self, kind: int) -> int | None:
        """The open lock file, locked; None when another process has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


def _lives(pid: int) -> bool:
    """Whether a process can still act on a signal: one that ended, and that nobody has asked for yet, cannot (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
