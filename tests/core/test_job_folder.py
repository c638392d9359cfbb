import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from danlu.core.job_folder import JobFolder

PRINTS = "print('first', flush=True); import time; time.sleep(0.3); print('手册'); raise SystemExit(3)"
WAITS = "import time; print('waits', flush=True); time.sleep(600)"


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)


def start(job: JobFolder, code: str) -> bool:
    return job.start([sys.executable, "-c", code], ".")


def printed(job: JobFolder, **read: int) -> str:
    return b"".join(chunk for _, chunk in job.printed(read)).decode()


def test_a_job_is_followed_to_its_exit_status_from_any_byte(job: JobFolder) -> None:
    assert job.state() == "absent"
    assert start(job, PRINTS)
    assert job.state() == "running" and job.status() is None
    assert printed(job) == "first\n手册\n"
    assert (job.state(), job.status()) == ("ended", 3)
    assert printed(job, output=6) == "手册\n"


def test_stopping_reaches_the_command_and_it_can_be_started_again(job: JobFolder) -> None:
    start(job, WAITS)
    while not (job.path / "output").read_text():
        time.sleep(0.05)
    assert not start(job, PRINTS)
    assert job.stop()
    assert printed(job) == "waits\n"
    assert (job.state(), job.status()) == ("ended", -signal.SIGTERM)
    assert not job.stop()
    assert start(job, PRINTS)
    assert printed(job, output=6) == "first\n手册\n"


def test_a_job_that_is_killed_with_its_watcher_is_gone(job: JobFolder) -> None:
    start(job, "import sys; print('last words', file=sys.stderr, flush=True); import time; time.sleep(600)")
    while not job.last_lines(3):
        time.sleep(0.05)
    watcher, _ = json.loads((job.path / "watcher").read_text())
    os.killpg(watcher, signal.SIGKILL)
    assert printed(job) == "last words\n"
    assert (job.state(), job.status(), job.last_lines(3)) == ("gone", None, "last words")


def test_a_command_whose_watcher_was_killed_runs_on_and_can_be_stopped(job: JobFolder) -> None:
    start(job, WAITS)
    while not (job.path / "output").read_text():
        time.sleep(0.05)
    watcher, _ = json.loads((job.path / "watcher").read_text())
    os.kill(watcher, signal.SIGKILL)
    os.waitid(os.P_PID, watcher, os.WEXITED | os.WNOWAIT)  # it stays a zombie, as where its starter follows the job
    assert job.state() == "running" and not start(job, PRINTS)
    assert job.stop()
    assert printed(job) == "waits\n"
    assert (job.state(), job.status()) == ("gone", None)
