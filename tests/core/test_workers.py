import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from danlu.core.errors import WorkFailed
from danlu.core.workers import Died, map_shards

TESTS = Path(__file__).parents[1]


def square(number: int) -> int:
    return number * number


def die_once(mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return mark.name


def poison(number: int) -> int:
    if number == 2:
        os._exit(7)
    return number


def fail(number: int) -> int:
    raise ZeroDivisionError(f"shard {number} {{braces}}")


def fail_politely(number: int) -> int:
    raise WorkFailed("{source} changed", "Run again.", source="a.txt")


def cannot_be_sent(number: int) -> Any:
    return lambda: number


def large(number: int) -> bytes:
    return bytes(number)


@pytest.mark.parametrize("workers", [1, 3])
def test_every_shard_is_answered_once_whatever_the_number_of_workers(workers: int) -> None:
    results = dict(map_shards(square, range(20), workers))
    assert results == {position: position * position for position in range(20)}


def test_no_shards_start_no_worker() -> None:
    assert list(map_shards(square, [], 2)) == []


def test_a_killed_worker_costs_its_shard_one_try(tmp_path: Path) -> None:
    marks = [tmp_path / str(number) for number in range(4)]
    assert dict(map_shards(die_once, marks, 2)) == {number: str(number) for number in range(4)}


def test_a_shard_that_kills_every_worker_is_given_back_and_the_others_are_done() -> None:
    results = dict(map_shards(poison, range(5), 2, tries=2))
    assert results.pop(2) == Died(2, 2, 7)
    assert results == {0: 0, 1: 1, 3: 3, 4: 4}


def test_workers_that_cannot_start_fail_the_work_and_cost_no_shard(tmp_path: Path) -> None:
    script = tmp_path / "without_guard.py"
    script.write_text(_PARENT.replace('if __name__ == "__main__":', "if True:"))
    ran = subprocess.run(
        [sys.executable, script, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True,
        text=True,
    )  # fmt: skip
    assert "WorkFailed: Workers end before they start, with exit code 1" in ran.stderr


def test_an_exception_ends_the_map_with_its_trace() -> None:
    with pytest.raises(WorkFailed, match=r"ZeroDivisionError: shard 0 \{braces\}"):
        list(map_shards(fail, range(3), 1))


def test_a_failure_of_the_work_keeps_its_message_and_its_hint() -> None:
    with pytest.raises(WorkFailed) as caught:
        list(map_shards(fail_politely, range(3), 1))
    assert (caught.value.message, caught.value.hint) == ("a.txt changed", "Run again.")


def test_a_result_that_cannot_be_sent_is_a_failure_and_not_a_hang() -> None:
    with pytest.raises(WorkFailed, match="Shard 0 failed"):
        list(map_shards(cannot_be_sent, [1], 1))


def test_results_larger_than_a_pipe_buffer_arrive() -> None:
    assert dict(map_shards(large, [5_000_000, 1], 2)) == {0: bytes(5_000_000), 1: bytes(1)}


def test_workers_are_gone_when_the_caller_stops_early() -> None:
    results = map_shards(pid_of, range(4), 2)
    _, pid = next(results)
    results.close()  # type: ignore[attr-defined]
    assert not _is_running(pid)


def pid_of(_: int) -> int:
    return os.getpid()


def linger(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(600)


_PARENT = """
import sys
from pathlib import Path
from core.test_workers import linger
from danlu.core.workers import map_shards

if __name__ == "__main__":
    list(map_shards(linger, [Path(sys.argv[1])] * 2, 2))
"""


def _started(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A parent with two busy workers, in a process group of its own."""
    script, pids = tmp_path / "parent.py", tmp_path / "pids"
    script.write_text(_PARENT)
    pids.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    parent = subprocess.Popen(
        [sys.executable, str(script), str(pids)], env=environment, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    _wait_until(lambda: len(list(pids.iterdir())) == 2)
    return parent, [int(path.name) for path in pids.iterdir()]


def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    parent, workers = _started(tmp_path)
    assert {os.getpgid(worker) for worker in workers} == {parent.pid}
    parent.kill()
    parent.wait()
    _wait_until(lambda: not any(map(_is_running, workers)))
    assert parent.stderr
    parent.stderr.close()


def test_workers_say_nothing_when_the_keyboard_interrupts_the_group(tmp_path: Path) -> None:
    parent, workers = _started(tmp_path)
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate()
    assert said.count("Traceback") == 1, "the parent's own, which a command line catches"
    assert not any(map(_is_running, workers))


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_until(happened: Any) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)
