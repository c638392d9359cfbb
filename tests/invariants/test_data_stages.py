"""Invariants of every data stage, on one table: nothing is lost, the same bytes come anywhere, and a kill costs time alone."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from commands import environment
from danlu.core.artifacts import Artifact
from danlu.core.execute import Machine, execute
from danlu.core.store import SCRATCH, Beside, open_artifact
from danlu.text.tables import read_rows
from data_stages import STEPS, WITH_WORKERS, plan_of, write_ground
from labelling_server import Script, serve

SCRIPT = Path(__file__).with_name("broken_off.py")
OF_PEOPLE = ("run.json", "seen.json")
"""When and how long: no content."""
ADDS = ("augment", "counterfactual")
"""They keep what they are given, and add to it."""
LABELS = ("label_weakly", "label_by_model")
CHANGES = ("repair", "clean", "deduplicate", "redact", "decontaminate", "resample")
OUTCOMES = dict.fromkeys(("tell_languages", "mix", "split", *CHANGES), "documents") | dict.fromkeys(LABELS, "labels")
"""Stages that say of each document of a corpus what became of it, and in which table those lie that it kept."""
KILLED = [(stage, "alone") for stage in STEPS] + [(stage, "with workers") for stage in WITH_WORKERS]
READS = [
    ("collect", "docs/en-000.txt"), ("extract", "docs/zh-001.txt"), ("decontaminate", "eggs.jsonl"),
    ("label_weakly", "functions.yaml"), ("label_by_model", "schema.yaml"), ("label_by_model", "endpoint"),
]  # fmt: skip
"""Files that are no artifacts."""


@dataclass(frozen=True)
class Ground:
    """What the stages read, and what became of them in other processes."""

    given: Path
    out: Path

    def whole(self, stage: str) -> Artifact:
        """What the stage makes when nothing disturbs it."""
        return open_artifact(self.out / stage / "whole" / "made")

    def broken_off(self, stage: str, how: str) -> Path:
        """What is left of a run that was killed; it is certain that this was in the middle of its work."""
        folder = self.out / stage / how
        facts = json.loads(folder.with_suffix(".json").read_text())
        assert facts["ended"] == -signal.SIGKILL and 1 <= facts["last"] <= facts["acts"]
        assert not (folder / "made" / "manifest.json").exists()
        return folder


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Another process, with another hash seed, language, time zone and working folder, ran every stage, and was killed in each."""
    folder = tmp_path_factory.mktemp("stages")
    with serve(Script(lambda _: json.dumps({"label": "server"}))) as url:
        given = write_ground(folder / "given", url)
        other = {"PYTHONHASHSEED": "42", "LANG": "zh_CN.UTF-8", "TZ": "Asia/Shanghai"}
        done = subprocess.run(
            [sys.executable, SCRIPT, given, folder / "out"], cwd="/", capture_output=True, text=True,
            env=environment(PYTHONPATH=str(SCRIPT.parents[1]), **other),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        yield Ground(given, folder / "out")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in OF_PEOPLE
    }


class Watch:
    """At the first sign of progress: which finished pieces of the run before are still there, untouched."""

    def __init__(self, scratch: Path) -> None:
        done = (path for path in scratch.iterdir() if path.suffix != ".half" and path.name != "artifact-id")
        self.before = {path: path.stat().st_ino for path in done}
        self.left: set[Path] | None = None

    def advance(self, *said: object) -> None:
        if self.left is None:
            self.left = {path for path, inode in self.before.items() if path.exists() and path.stat().st_ino == inode}

    def line(self, text: str) -> None:
        """Nobody reads it."""


@pytest.mark.parametrize(("stage", "how"), KILLED)
def test_killed_in_the_middle_and_run_again_on_two_workers_gives_the_same_bytes(
    ground: Ground, stage: str, how: str
) -> None:
    folder = ground.broken_off(stage, how)
    plan = plan_of(stage, ground.given, folder)
    place = Beside(folder / "made", plan.target, plan.ids[plan.target], folder / "before")
    watch = Watch(folder / "made" / SCRATCH)
    made = execute(plan, place, Machine(threads=2, workers=2), shows=lambda _: nullcontext(watch))
    whole = ground.whole(stage)
    assert (made.id, made.manifest.content_hash) == (whole.id, whole.manifest.content_hash)
    assert files(made.path) == files(whole.path)
    if plan.target.stage.resumable:
        assert watch.left, "everything was done again"


@pytest.mark.parametrize("stage", STEPS)
def test_counts_are_those_of_the_tables_and_every_loss_has_a_reason(ground: Ground, stage: str) -> None:
    made = ground.whole(stage)
    counts = made.manifest.counts
    rejects = read_rows(made.path / "rejects") if (made.path / "rejects").exists() else []
    assert all(row["doc_id"] and row["rule"] and row["value"] for row in rejects)
    if "input" in counts:
        by_rule = [count for name, count in counts.items() if name.startswith("rejected: ")]
        assert counts["input"] == counts["kept"] + counts["rejected"] > 0
        assert counts["rejected"] == len(rejects) == sum(by_rule)


@pytest.mark.parametrize(("stage", "table"), OUTCOMES.items())
def test_every_document_that_came_in_is_kept_or_rejected_once(ground: Ground, stage: str, table: str) -> None:
    made = ground.whole(stage)
    given = {row["doc_id"] for row in read_rows(ground.given / "corpus" / "documents", ["doc_id"])}
    kept = [row["doc_id"] for row in read_rows(made.path / table, ["doc_id"])]
    rejected = [row["doc_id"] for row in read_rows(made.path / "rejects", ["doc_id"])]
    assert sorted(kept + rejected) == sorted(given)


@pytest.mark.parametrize("stage", ADDS)
def test_what_is_added_to_stands_beside_all_that_came_in(ground: Ground, stage: str) -> None:
    given = read_rows(ground.given / "corpus" / "documents", ["doc_id", "text"])
    kept = {row["doc_id"]: row["text"] for row in read_rows(ground.whole(stage).path / "documents", ["doc_id", "text"])}
    assert len(kept) > len(given)
    assert all(kept[row["doc_id"]] == row["text"] for row in given)


@pytest.mark.parametrize("stage", CHANGES)
def test_every_stage_had_something_to_do(ground: Ground, stage: str) -> None:
    """Otherwise the invariants above would hold of a stage that does nothing."""
    made = ground.whole(stage)
    assert read_rows(made.path / "rejects") or read_rows(made.path / "edits")


@pytest.mark.parametrize(("stage", "file"), READS)
def test_an_id_follows_from_what_is_read_and_from_nothing_else(
    ground: Ground, tmp_path: Path, stage: str, file: str
) -> None:
    first = plan_of(stage, ground.given, tmp_path)
    moved = tmp_path / "elsewhere" / "given"
    shutil.copytree(ground.given, moved, copy_function=shutil.copyfile)  # with other times
    assert list(plan_of(stage, moved, tmp_path / "other").ids.values()) == list(first.ids.values())
    with (moved / file).open("a", encoding="utf-8") as opened:
        opened.write("/other" if file == "endpoint" else "\n")
    changed = plan_of(stage, moved, tmp_path)
    assert changed.ids[changed.target] != first.ids[first.target]
