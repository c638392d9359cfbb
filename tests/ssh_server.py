"""A machine that is reached by ssh: a real sshd on this one, with keys, a cache and a configuration of its own."""

import contextlib
import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from commands import DANLU, Outcome, environment

SSHD = Path("/usr/sbin/sshd")
_UP_S = 10


@dataclass(frozen=True)
class Server:
    """`gpu1` answers, on `nowhere` nobody does."""

    folder: Path
    config: Path

    @property
    def root(self) -> Path:
        """Where jobs and inputs lie there."""
        return self.folder / "cache there" / "danlu" / "jobs"

    def arguments(self, *typed: str, host: str = "gpu1", program: str = str(DANLU), option: str = "") -> list[str]:
        """danlu submit."""
        options = ["--ssh-config", str(self.config), "--remote-danlu", program, *option.split()]
        return [str(DANLU), "submit", *options, host, *typed]

    def environment(self) -> dict[str, str]:
        """Of the machine that submits."""
        return environment(XDG_CACHE_HOME=str(self.folder / "cache here"))

    def submit(self, here: Path, *typed: str, **to: str) -> Outcome:
        """The outcome of danlu submit in the folder `here`."""
        return self._run(self.arguments(*typed, **to), here)

    def jobs(self, here: Path, *typed: str) -> Outcome:
        """The outcome of danlu jobs."""
        return self._run([str(DANLU), "jobs", *typed], here)

    def _run(self, command: list[str], here: Path) -> Outcome:
        return subprocess.run(
            command,
            cwd=here,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def ssh_server(folder: Path) -> Iterator[Server]:
    """The machine, for as long as the context lasts."""
    if not SSHD.exists():
        pytest.fail("There is no sshd here: apt-get install openssh-server")
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = _free_port()
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/key.pub\n"
        "UsePAM no\nStrictModes no\nPasswordAuthentication no\nPidFile none\n"
        f'SetEnv "XDG_CACHE_HOME={folder}/cache there" "LANG=C.UTF-8"\n'
    )
    config = folder / "ssh config"
    config.write_text(
        f"Host gpu1\n  Port {port}\nHost nowhere\n  Port {_free_port()}\n"
        f"Host *\n  HostName 127.0.0.1\n  User {getpass.getuser()}\n  IdentityFile {folder}/key\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {folder}/known\n  StrictHostKeyChecking accept-new\n  ControlPath none\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd shuts its unprivileged part up in there
    with (folder / "sshd.log").open("w") as log:
        server = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", folder / "sshd_config"], stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        _await(port)
        yield Server(folder, config)
    finally:
        server.terminate()
        server.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await(port: int) -> None:
    until = time.monotonic() + _UP_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    pytest.fail("sshd did not start")
