"""Another machine by the system's own `ssh`: its configuration, keys, agents, ports and jump hosts are the user's, and count.

The only line that the other machine's shell reads is the name of danlu there; all else travels as messages (danlu.core.frames).
"""

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import IO, NoReturn, cast

from danlu.core.errors import UserError, WorkFailed
from danlu.core.frames import Channel, HungUp
from danlu.core.job_end import PROTOCOL

_ALIVE = ("-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4")
"""A host that is not there is noticed within half a minute, a line that is dead within one: ssh's own defaults are two minutes, and never."""
_GREETING_LINES = 1000
"""What a login prints before danlu does, at most."""
_END_S = 10


@dataclass(frozen=True)
class Host:
    """Where jobs are sent."""

    address: str
    """As ssh takes it: HOST, USER@HOST, a name of ~/.ssh/config, or ssh://USER@HOST:PORT."""
    config: str = ""
    """A configuration file of ssh instead of the user's; empty: the user's."""
    danlu: str = "danlu"
    """The program there; a path with a slash is relative to the home."""
    folder: str = ""
    """For jobs and inputs there, relative to the home; empty: in the user's cache there."""


@contextmanager
def connected(host: Host) -> Iterator[Channel]:
    """A line to danlu on the host. Raises UserError when the host, or the same danlu on it, cannot be reached.

    Where the line breaks later, WorkFailed is raised.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(_command(host), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        except FileNotFoundError:
            raise UserError("The program ssh is not here", "Install it: apt-get install openssh-client") from None
        channel = Channel(cast(IO[bytes], process.stdout), cast(IO[bytes], process.stdin))
        try:
            _greet(host, channel, process, said)
            yield channel
            _hang_up(process)
        except HungUp:
            raise WorkFailed(
                "The connection to {host} broke: {problem}",
                "A job that was started goes on there. Back to it: danlu jobs follow",
                host=host.address,
                problem=_last_line(process, said),
            ) from None
        finally:
            process.kill()
            process.wait()
            for pipe in (channel.reads, channel.writes):
                with suppress(OSError):
                    pipe.close()


def _command(host: Host) -> list[str]:
    program = shlex.quote(host.danlu.removeprefix("~/"))
    quiet = () if sys.stdin.isatty() else ("-o", "BatchMode=yes")  # nobody is there to be asked for a password
    configured = ("-F", host.config) if host.config else ()
    line = f"{program} --version && exec {program} jobs answer"
    return ["ssh", *configured, "-T", *_ALIVE, *quiet, "--", host.address, line]


def _greet(host: Host, channel: Channel, process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
    """Pass over what the login prints; raises UserError when danlu there is missing, or another."""
    theirs, own = _version_line(channel.reads), version("danlu")
    if not theirs:
        _cannot(host, process, said)
    if theirs != own:
        raise UserError(
            "{host} has danlu {theirs}, and this is danlu {own}",
            "Install the same version there, or name it with --remote-danlu.",
            host=host.address,
            theirs=theirs,
            own=own,
        )
    try:
        facts, _ = channel.receive()
        protocol = facts["danlu"]
    except (HungUp, KeyError):
        protocol = 0
    if protocol != PROTOCOL:
        raise UserError(
            "danlu on {host} does not know jobs as this one does: {problem}",
            "Install the same danlu there, or name it with --remote-danlu.",
            host=host.address,
            problem=_last_line(process, said),
        )
    channel.ask("open", folder=host.folder.removeprefix("~/"))


def _version_line(reads: IO[bytes]) -> str:
    for _ in range(_GREETING_LINES):
        line = reads.readline().decode("utf-8", "replace")
        if not line:
            break
        if line.startswith("danlu "):
            return line.removeprefix("danlu ").strip()
    return ""


def _cannot(host: Host, process: "subprocess.Popen[bytes]", said: IO[bytes]) -> NoReturn:
    problem = _last_line(process, said)
    if process.returncode == 255:  # ssh's own
        raise UserError(
            "{host} cannot be reached: {problem}",
            "Mend what ssh says: `ssh {host}` must open a session. Keys, ports and jump hosts go into ~/.ssh/config.",
            host=host.address,
            problem=problem,
        )
    raise UserError(
        "{host} has no danlu called {danlu}: {problem}",
        "Install danlu there, or name where it lies, such as --remote-danlu venv/bin/danlu",
        host=host.address,
        danlu=host.danlu,
        problem=problem,
    )


def _last_line(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> str:
    """What ssh, or the other machine's shell, said last."""
    _hang_up(process)
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else f"ssh: {process.returncode}"


def _hang_up(process: "subprocess.Popen[bytes]") -> None:
    """Danlu there ends when nothing more can come."""
    with suppress(OSError):
        cast(IO[bytes], process.stdin).close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
