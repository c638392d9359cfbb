"""What counts as a death of a process, and what as memory that was short."""

import pickle
from pathlib import Path

import pytest

from danlu.core.errors import WorkFailed
from danlu.core.processes import ALONE
from danlu.loop.launch import ERROR, JOB, Job, share_of_job, write_whole
from danlu.loop.rounds import MOST_RESTARTS, count_start, deaths, end_for_memory, forget_rounds, memory_was_short
from launched_training import Trial, learn, work_in


def test_a_round_that_ended_for_memory_is_no_death(tmp_path: Path) -> None:
    assert count_start(tmp_path, 0) == 0
    assert end_for_memory(tmp_path, 0) and not end_for_memory(tmp_path, 0)  # the second to say so
    assert memory_was_short(tmp_path, 0) and not memory_was_short(tmp_path, 1)
    assert [count_start(tmp_path, number) for number in (1, 1, 2, 2)] == [0, 1, 0, 2]
    forget_rounds(tmp_path)
    assert deaths(tmp_path) == 0 and not memory_was_short(tmp_path, 0)


def test_deaths_on_several_machines_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each machine's agent counts its own; the first process counts all, and tells its end as any error of the job."""
    work, heard = work_in(tmp_path / "work", ALONE)
    write_whole(work.scratch / JOB, Job(learn, (Trial(),), work, "127.0.0.1:1", "run"))
    monkeypatch.setenv("RANK", "0")
    for _ in range(MOST_RESTARTS + 1):
        count_start(work.scratch, 0)
    with pytest.raises(SystemExit):
        share_of_job(work.scratch, 0)
    error = pickle.loads((work.scratch / ERROR).read_bytes())
    assert isinstance(error, WorkFailed) and error.message == "processes of the training died 4 times"
    assert heard.done == []
