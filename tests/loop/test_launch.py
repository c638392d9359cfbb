"""Processes of one training where memory is short in one of them."""

import json
from pathlib import Path

import pytest

from danlu.core.errors import WorkFailed
from danlu.core.processes import Processes
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.launch import in_processes
from launched_training import STEPS, learn, learn_in_little_memory, losses


class Heard(Silent):
    """What the first process told, and the one that lacked memory."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def work_in(folder: Path) -> tuple[Work, Heard]:
    folder.mkdir()
    heard = Heard()
    return Work(folder, folder, 5, 2, 1, heard, Processes(shards=2)), heard


def test_all_start_again_with_batches_that_the_one_has_memory_for(tmp_path: Path) -> None:
    enough, _ = work_in(tmp_path / "enough")
    in_processes(learn, 0, work=enough)
    little, heard = work_in(tmp_path / "little")
    in_processes(learn_in_little_memory, 24, work=little)
    assert heard.lines[:2] == [
        "memory was short in one of the processes: batches have at most 24 tokens from now on",
        "a process of this training died: all start again (1 of 3)",
    ]
    assert losses(little.scratch) == pytest.approx(losses(enough.scratch), rel=1e-5)
    last = json.loads((max(little.scratch.glob("step-*")) / "state.json").read_text())
    assert len(last["losses"]) == STEPS and last["max_padded_tokens"] == 24


def test_a_row_that_is_too_much_alone_ends_the_training(tmp_path: Path) -> None:
    little, _ = work_in(tmp_path / "little")
    with pytest.raises(WorkFailed, match="memory is short for a batch of 24 tokens"):
        in_processes(learn_in_little_memory, 12, work=little)
