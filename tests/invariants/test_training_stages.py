"""Invariants of every training stage, on one table: nothing is lost, a kill in any epoch costs time alone, equal inputs give equal ids."""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands import environment
from danlu.core.artifacts import Artifact
from danlu.core.store import SCRATCH, open_artifact
from danlu.text.tables import read_rows
from training_stages import EPOCHS, KILLED_TWICE, PASSES, STAGES, TRAINED, write_ground

SCRIPT = Path(__file__).with_name("training_broken_off.py")
OF_THE_RUN = ("run.json",)
"""When and at what cost: no content."""

LEDGER = {
    "pretrain": "rows = rows learnt + rows not reached",
    "finetune": "conversations = learnt + too long + not reached",
    "align": "kept = held out + learnt + not reached",
    "classify": "kept = training rows + validation rows + test rows",
    "tag": "kept = training rows + validation rows + test rows",
    "span": "kept = training rows + validation rows + test rows",
    "translate": "pairs train = learnt + targets too long",
    "summarise": "pairs train = learnt + targets too long",
    "anomaly": "moments = windows + without a clean window + left out as anomalous + validation",
    "tokenizer": "documents = learnt from + held out + not needed",
    "search": "trials = done + given up + failed",
}
"""What becomes of what came in, by the first word of a stage's name: a count, and the counts that it is the sum of."""
LOSSES = ("finetune lora", "align reward", "classify", "translate", "anomaly", "tokenize --chats")
"""Stages whose rows have one that cannot be learnt from."""
READS = {
    "pretrain causal": "pages/en-000.txt",
    "finetune lora": "chats.jsonl",
    "finetune full": "decoder/model.safetensors",
    "align dpo": "pairs.jsonl",
    "classify": "encoder/tokenizer.json",
    "embed": "queries.jsonl",
    "translate": "sentences.jsonl",
    "anomaly": "series.csv",
    "tokenize": "vocabulary/tokenizer.json",
    "search": "chats.jsonl",
}


@dataclass(frozen=True)
class Ground:
    """What the stages read, and what became of them in other processes."""

    given: Path
    made: Path

    def whole(self, stage: str) -> Artifact:
        """Of the run that nothing broke off."""
        return open_artifact(self.made / stage / "whole" / "made")

    def broken(self, stage: str) -> Artifact:
        """Of the runs that were killed, and then of one that was not."""
        return open_artifact(self.made / stage / "broken" / "made")

    def kills(self, stage: str) -> list[dict[str, Any]]:
        """How each run ended, and at which step."""
        facts: list[dict[str, Any]] = json.loads((self.made / stage / "broken.json").read_text(encoding="utf-8"))
        return facts


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    given, made = write_ground(tmp_path_factory.mktemp("given")), tmp_path_factory.mktemp("made")
    runs = [
        subprocess.Popen(
            [sys.executable, SCRIPT, way, given, made], text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment(PYTHONPATH=str(Path(__file__).parents[1]), PYTHONHASHSEED=str(number), OMP_NUM_THREADS="1"),
        )
        for number, way in enumerate(("whole", "broken"))
    ]  # fmt: skip
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(said)
    return Ground(given, made)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OF_THE_RUN
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_run_ends_with_the_same_bytes_in_another_process_and_folder(ground: Ground, stage: str) -> None:
    kills = ground.kills(stage)
    assert [kill["ended"] for kill in kills] == [-signal.SIGKILL] * (len(kills) - 1) + [0]
    whole, broken = ground.whole(stage), ground.broken(stage)
    assert (broken.id, broken.manifest.content_hash) == (whole.id, whole.manifest.content_hash)
    assert broken.content_is_intact()
    assert files(broken.path) == files(whole.path)
    assert not (broken.path / SCRATCH).exists()


@pytest.mark.parametrize("stage", TRAINED)
def test_the_kills_fell_into_the_epochs_that_are_meant_and_left_something_to_take_up(
    ground: Ground, stage: str
) -> None:
    """Otherwise the test above would hold of trainings that begin anew."""
    epochs = PASSES if stage.startswith("pretrain") else EPOCHS
    *first, later = [kill for kill in ground.kills(stage) if kill["ended"]]
    assert len(first) == (stage in KILLED_TWICE)
    for kill in (*first, later):
        done, steps = kill["step"]
        whole = [int(name.rpartition("-")[2]) for name in kill["saved"] if not name.startswith("unfinished")]
        assert 0 < max(whole) <= done
        assert (done * epochs < steps) == (kill is not later)


@pytest.mark.parametrize("stage", STAGES)
def test_all_that_came_in_is_accounted_for(ground: Ground, stage: str) -> None:
    made = ground.whole(stage)
    counts = made.manifest.counts
    if ledger := LEDGER.get(stage.partition(" ")[0]):
        came, _, became = ledger.partition(" = ")
        assert counts[came] == sum(counts[name] for name in became.split(" + ")) > 0
    if "input" in counts:
        rejects = read_rows(made.path / "rejects")
        assert counts["input"] == counts["kept"] + counts["rejected"] > 0
        assert (
            counts["rejected"] == len(rejects) == sum(counts[name] for name in counts if name.startswith("rejected: "))
        )
        assert all(row["rule"] and row["value"] for row in rejects)


@pytest.mark.parametrize("stage", LOSSES)
def test_what_cannot_be_learnt_from_is_counted(ground: Ground, stage: str) -> None:
    counts = ground.whole(stage).manifest.counts
    lost = ("too long", "rejected", "targets too long", "left out as anomalous")
    assert sum(counts.get(name, 0) for name in lost) > 0


@pytest.mark.parametrize(("stage", "file"), READS.items())
def test_an_id_follows_from_what_is_read_and_from_nothing_else(
    ground: Ground, tmp_path: Path, stage: str, file: str
) -> None:
    plan = STAGES[stage](ground.given)
    assert plan.ids[plan.target] == ground.whole(stage).id
    moved = tmp_path / "elsewhere"
    shutil.copytree(ground.given, moved, copy_function=shutil.copyfile)  # with other times
    assert list(STAGES[stage](moved).ids.values()) == list(plan.ids.values())
    change(moved / file)
    changed = STAGES[stage](moved)
    assert changed.ids[changed.target] != plan.ids[plan.target]


def change(path: Path) -> None:
    """One byte, so that the file can still be read."""
    if path.suffix == ".safetensors":
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    elif path.suffix == ".csv":
        path.write_text(path.read_text(encoding="utf-8").replace("0.24740", "0.24741", 1), encoding="utf-8")
    else:
        path.write_text(path.read_text(encoding="utf-8").rstrip() + "\n\n", encoding="utf-8")
