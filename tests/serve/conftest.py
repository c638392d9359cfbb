import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from danlu.serve.access.keys import Keys

TESTS = Path(__file__).parents[1]


@dataclass
class Running:
    """A gateway in a child process, and a key for it."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    link: str
    greeting: str
    key: str

    @property
    def auth(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def wait_for(self, pattern: str, seconds: float = 10) -> Path:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := list(self.folder.glob(pattern)):
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no {pattern} in {self.folder}")


def start(folder: Path, language: str = "en", **settings: float) -> Running:
    keys = Keys(folder / "keys.db")
    _, key = keys.create()
    keys.close()
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    command = [sys.executable, str(Path(__file__).with_name("gateway_process.py"))]
    process = subprocess.Popen(
        [*command, str(folder), "0", json.dumps(settings), language],
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr.txt").open("w"),
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(6)]
    greeting = "".join(lines)
    link = re.search(r"http://\S+/login\?token=\S+", greeting)
    assert link, greeting + (folder / "stderr.txt").read_text()
    return Running(process, folder, link[0].partition("/login")[0], link[0], greeting, key)


def stop(running: Running) -> None:
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(15)
        finally:
            running.process.kill()
    if running.process.stdout:
        running.process.stdout.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway for the tests of a module, with a rate limit that they do not reach."""
    running = start(
        tmp_path_factory.mktemp("gateway"),
        requests_per_minute=6000,
        burst_requests=1000,
        strikes_in_a_row=1000,
        strikes_per_day=1000,
    )
    yield running
    stop(running)


@pytest.fixture
def own_gateway(tmp_path: Path) -> Iterator[Running]:
    """A gateway that the test may break or stop."""
    running = start(tmp_path)
    yield running
    stop(running)


@pytest.fixture
def browser_client(own_gateway: Running) -> Iterator[httpx.Client]:
    """An HTTP client that is logged in like a browser."""
    with httpx.Client(base_url=own_gateway.url, follow_redirects=True) as client:
        assert client.get(own_gateway.link).status_code == 200
        yield client
