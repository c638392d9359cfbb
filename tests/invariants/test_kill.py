"""Invariant 2: kill -9 at any moment, run again: same ids and content hashes as an uninterrupted run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import DANLU, danlu, environment
from danlu.core.artifacts import Artifact
from danlu.core.store import Store
from documents import write_project

SCRIPT = Path(__file__).with_name("killed_run.py")


def artifacts(project: Path) -> list[Artifact]:
    return Store(project / ".danlu" / "artifacts").all()


def hashes(project: Path) -> dict[str, tuple[str, str]]:
    return {a.manifest.stage: (a.id, a.manifest.content_hash) for a in artifacts(project)}


def in_group(group: int) -> list[int]:
    """Running processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_until_gone(group: int) -> None:
    until = time.monotonic() + 30
    while in_group(group):
        assert time.monotonic() < until, f"left behind: {in_group(group)}"
        time.sleep(0.05)


def run_and_die(project: Path, moment: str) -> None:
    process = subprocess.Popen(
        [sys.executable, SCRIPT], cwd=project, env=environment(KILL_AT=moment), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said
    wait_until_gone(process.pid)


@pytest.fixture(scope="module")
def killed_project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose run was killed in every stage, a while into it, and three times between its work and its manifest."""
    folder = write_project(tmp_path_factory.mktemp("killed") / "elsewhere")
    chance = random.Random(20)
    order = sorted(artifacts(small_project), key=lambda artifact: _started(artifact))
    for artifact in order:
        stage, wall_s = artifact.manifest.stage, json.loads((artifact.path / "run.json").read_text())["wall_s"]
        run_and_die(folder, f"{stage}:{chance.random() * wall_s / 2:.3f}")
        if stage in ("extract", "index", "release"):
            run_and_die(folder, f"{stage}:commit")
    done = danlu(folder, "run")
    assert done.returncode == 0, done.stderr
    return folder


def _started(artifact: Artifact) -> float:
    return float(json.loads((artifact.path / "run.json").read_text())["started"])


def test_a_run_that_was_killed_in_every_stage_equals_an_uninterrupted_one(
    killed_project: Path, small_project: Path
) -> None:
    assert hashes(killed_project) == hashes(small_project)
    assert all(artifact.content_is_intact() for artifact in artifacts(killed_project))


def test_nothing_half_done_is_left(killed_project: Path) -> None:
    folders = set((killed_project / ".danlu" / "artifacts").glob("*/*"))
    assert folders == {artifact.path for artifact in artifacts(killed_project)}
    left = [path for folder in folders for path in folder.rglob("*") if path.name == ".work" or path.suffix == ".half"]
    assert left == []


def test_a_killed_project_answers(killed_project: Path) -> None:
    asked = danlu(killed_project, "ask", "How does a Debian system boot?", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["citations"]


def test_a_run_whose_workers_are_killed_equals_an_uninterrupted_one(small_project: Path, tmp_path: Path) -> None:
    folder = write_project(tmp_path / "workers")
    process = subprocess.Popen(
        [DANLU, "run", "--until", "extract"], cwd=folder, env=environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    killed: set[int] = set()
    while process.poll() is None and len(killed) < 2:
        for worker in _workers(process.pid)[: 2 - len(killed)]:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
        time.sleep(0.01)
    assert process.wait() == 0
    assert len(killed) == 2
    wanted = hashes(small_project)
    assert hashes(folder) == {stage: wanted[stage] for stage in ("collect", "extract")}


def _workers(group: int) -> list[int]:
    """Workers of a run: the children that multiprocessing spawned, without its resource tracker."""
    return [pid for pid in in_group(group) if b"spawn_main" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_a_second_run_beside_the_first_is_refused(small_project: Path) -> None:
    from danlu.core.store import only_writer

    with only_writer(small_project / ".danlu"):
        refused = danlu(small_project, "run")
    assert (refused.returncode, refused.stderr.count("Another danlu run")) == (2, 1)
