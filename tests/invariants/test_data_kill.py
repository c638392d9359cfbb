"""Invariants 2 and 3 for data commands: killed at any moment, or on another number of workers, the content is the same."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from commands import DANLU, environment, here
from corpora import corpus, manuals
from danlu.core.artifacts import Manifest
from danlu.core.store import open_artifact

SEED = 20261122
PARTS = 4

COMMANDS = {
    "clean": "clean {given}",
    "redact": "redact {given}",
    "decontaminate": "decontaminate {given} --against benchmark.jsonl --set decontaminate.policy=paragraph",
    "split": "split {given} --set split.test_share=0.3",
}
"""`clean` of a corpus repairs it on the way, so a kill falls into either of the two."""

BENCHMARK = '{"id": "1", "question": "The scheduler starts the job. It does not need 33 files, and you are ready when the vendor sends the list"}\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kill")
    (folder / "benchmark.jsonl").write_text(BENCHMARK, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def given() -> Path:
    return corpus(manuals(24), PARTS).path


def arguments(command: str, given: Path, out: str, workers: int) -> list[str]:
    return [*COMMANDS[command].format(given=given).split(), "--out", out, "--workers", str(workers)]


@pytest.fixture(scope="module")
def whole(place: Path, given: Path) -> dict[str, tuple[str, str, float]]:
    """Id, content and wall time of each command when nothing disturbs it, on one worker."""
    found = {}
    for command in COMMANDS:
        began = time.monotonic()
        done = here(place, *arguments(command, given, command, 1), XDG_CACHE_HOME=str(place / "cache"))
        assert done.returncode == 0, done.stderr
        manifest = Manifest.read(place / command)
        found[command] = (manifest.id, manifest.content_hash, time.monotonic() - began)
    return found


def killed_after(folder: Path, arguments: list[str], seconds: float, cache: Path) -> bool:
    """Kill a command and all that it started so long after it began to write; whether it was still at work."""
    process = subprocess.Popen(
        [DANLU, *arguments], cwd=folder, env=environment(XDG_CACHE_HOME=str(cache)), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not any(cache.rglob("lock")):
        time.sleep(0.002)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_a_random_moment_and_run_again_on_two_workers_equals_uninterrupted_on_one(
    place: Path, given: Path, whole: dict[str, tuple[str, str, float]], command: str
) -> None:
    id, content, wall_s = whole[command]
    out, cache = f"{command}-killed", place / f"cache-{command}"
    chance = random.Random(f"{SEED}{command}")
    again = arguments(command, given, out, 2)
    was_killed = killed_after(place, again, chance.random() * wall_s / 2, cache)
    assert was_killed or (place / out / "manifest.json").exists()
    done = here(place, *again, XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    made = open_artifact(place / out)
    assert (made.id, made.manifest.content_hash) == (id, content)
    assert made.content_is_intact()
    left = [path for path in (place / out).rglob("*") if path.name == ".work" or path.suffix == ".half"]
    assert left == []
    assert [path for path in (cache / "danlu" / "stand-alone").iterdir() if path.is_dir()] == []
