"""Processes of one training where memory is short in one of them, or one dies, or both."""

import json
from pathlib import Path

import pytest

from danlu.core.errors import WorkFailed
from danlu.core.processes import ALONE, Processes
from danlu.loop.launch import in_processes
from launched_training import STEPS, TOKENS, Trial, learn, losses, work_in

SHARDS, PIPELINE = Processes(shards=2), Processes(pipeline=2)
SHORT = "memory was short in one of the processes: all start again with smaller batches"
HELD = "memory was short: batches have at most 24 tokens from now on"
DIED = "a process of this training died: all start again (1 of 3)"
ON = f"goes on from its checkpoint after step 4 of {STEPS}"


def learnt_by_one(folder: Path) -> list[float]:
    """The losses where nothing goes wrong."""
    work, _ = work_in(folder, ALONE)
    learn(Trial(), work)
    return losses(folder)


def test_short_memory_is_no_death(tmp_path: Path) -> None:
    """In the last step the process that lacks memory has a row less than the other, and waits for it with no larger batch."""
    work, heard = work_in(tmp_path / "little", SHARDS)
    in_processes(learn, Trial(most_tokens=TOKENS, killed_after=5), work=work)
    assert heard.lines == [SHORT, HELD, DIED, ON, HELD]
    assert losses(work.scratch) == pytest.approx(learnt_by_one(tmp_path / "one"), rel=1e-5)
    last = json.loads((max(work.scratch.glob("step-*")) / "state.json").read_text())
    assert len(last["losses"]) == STEPS and last["max_padded_tokens"] == TOKENS


def test_a_pipeline_halves_what_goes_through_it_at_once(tmp_path: Path) -> None:
    """Its micro-batches have two of the sixteen rows of a step, and would have them still if the step's batch were halved."""
    work, heard = work_in(tmp_path / "little", PIPELINE)
    in_processes(learn, Trial(rows=48, step_rows=16, most_tokens=TOKENS), work=work)
    assert heard.lines == [SHORT, HELD]
    assert heard.done[-1] == 3


def test_a_row_that_is_too_much_alone_ends_the_training(tmp_path: Path) -> None:
    work, heard = work_in(tmp_path / "little", SHARDS)
    with pytest.raises(WorkFailed, match="memory is short for a batch of 24 tokens"):
        in_processes(learn, Trial(step_rows=2, most_tokens=TOKENS // 2), work=work)
    assert heard.lines == []
