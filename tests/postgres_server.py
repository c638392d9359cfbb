"""A PostgreSQL server of our own for tests, stopped at the end."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "open sesame"  # of a server that lives as long as a test


@dataclass
class Server:
    """A running cluster."""

    port: int
    process: subprocess.Popen[Any]

    def url(self, password: str = PASSWORD, port: int | None = None) -> str:
        """Of its database; by another port when something stands between."""
        return f"postgresql://keeper:{password.replace(' ', '%20')}@127.0.0.1:{port or self.port}/postgres"

    def run(self, query: str) -> list[Any]:
        """Rows of a statement, as the owner."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []


def installed_programs(folder: Path) -> Path:
    """The folder of the system's server programs."""
    found = shutil.which("initdb") or next(
        iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))), None
    )
    assert found, "needs PostgreSQL: apt-get install postgresql"
    return Path(found).resolve().parent


@contextlib.contextmanager
def postgres_server(programs_in: Callable[[Path], Path] = installed_programs) -> Iterator[Server]:
    """Make a cluster in a folder of its own and start it; `programs_in` finds initdb and postgres, or puts them into that folder."""
    # pytest's own folders are closed to other users, and PostgreSQL refuses root.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        programs = programs_in(folder)
        user: dict[str, Any] = {"cwd": "/"} | ({"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {})
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
        (folder / "password").write_text(PASSWORD)
        made = f"-D {folder}/data -U keeper -A scram-sha-256 --pwfile {folder}/password --no-sync --locale C -E UTF8"
        subprocess.run([programs / "initdb", *made.split()], check=True, capture_output=True, **user)
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            port: int = free.getsockname()[1]
        started = f"-D {folder}/data -p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([programs / "postgres", *started.split()], **silent, **user)
        try:
            yield _ready(Server(port, process))
        finally:
            process.terminate()
            process.wait()


def _ready(server: Server) -> Server:
    for _ in range(300):
        with contextlib.suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return server
        threading.Event().wait(0.1)
    raise AssertionError("PostgreSQL did not start")
