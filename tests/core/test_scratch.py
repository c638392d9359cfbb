from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.core.scratch import scratch_of


def folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def come_and_go(root: Path, number: int) -> None:
    for turn in range(40):
        with scratch_of(f"{number}-{turn}", root) as folder:
            (folder / "piece").touch()
            assert (folder / "piece").exists()


def test_scratch_goes_with_its_run_however_that_ends(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), scratch_of("a", tmp_path) as folder:
        (folder / "piece").touch()
        raise OSError("disk")
    assert folders(tmp_path) == []


def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "killed" / "base").mkdir(parents=True)
    with scratch_of("a", tmp_path) as folder:
        assert folders(tmp_path) == [folder]


def test_a_killed_run_of_the_same_artifact_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "a" / "base").mkdir(parents=True)
    with scratch_of("a", tmp_path) as folder:
        assert (folder / "base").is_dir()


def test_a_run_that_is_alive_keeps_its_scratch(tmp_path: Path) -> None:
    with scratch_of("a", tmp_path) as first:
        (first / "piece").touch()
        with scratch_of("b", tmp_path):
            assert (first / "piece").exists()
        with pytest.raises(UserError, match="Another danlu run"), scratch_of("a", tmp_path):
            pass
        assert (first / "piece").exists()


def test_runs_that_come_and_go_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(come_and_go, tmp_path, number) for number in range(4)]:
            done.result()
    assert folders(tmp_path) == []
