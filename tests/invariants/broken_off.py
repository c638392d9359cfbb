"""Runs every data stage twice: to its end, and in a child that kills itself with SIGKILL in the middle.

    python broken_off.py GROUND OUT

What is done is counted in acts: a report of progress, a file that gets its name. The second run dies before the act in the middle
of the stage, so part of what it has written has no name yet. OUT/STAGE/alone.json says how many acts there are, before which one it
died, and how the process ended.
"""

import json
import os
import pathlib
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from danlu.core.execute import Machine, execute
from danlu.core.stages import Plan
from danlu.core.store import Beside
from data_stages import PARTS, STEPS, WITH_WORKERS, plan_of


class Here:
    """A cluster of this process alone."""

    def map_shards(
        self, task: Callable[[Any], Any], shards: Sequence[Any], tries: int = 3
    ) -> Iterator[tuple[int, Any]]:
        return ((position, task(shard)) for position, shard in enumerate(shards))

    def facts(self) -> dict[str, int | str]:
        return {}


ALONE = Here()


class Acts:
    """Counts what a stage does, and ends the process before act `last`."""

    def __init__(self) -> None:
        self.stage, self.last, self.count, self.watching = "", 0, 0, False
        for name in ("rename", "replace", "touch"):
            setattr(pathlib.Path, name, self._counted(getattr(pathlib.Path, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def act(path: Path, *arguments: Any, **named: Any) -> Any:
            self.advance()
            return real(path, *arguments, **named)

        return act

    def advance(self, *said: Any) -> None:
        if self.watching:
            self.count += 1
            if self.count == self.last:
                os.killpg(0, signal.SIGKILL)

    def line(self, text: str) -> None:
        """Nobody reads it."""

    @contextmanager
    def shown(self, label: str) -> Iterator["Acts"]:
        self.watching = label == self.stage
        yield self
        self.watching = False

    def of_run(self, plan: Plan, folder: Path, last: int = 0, workers: Any = ALONE) -> int:
        """Make the plan's artifact in `folder/made`; returns how many acts its last stage took."""
        place = Beside(folder / "made", plan.target, plan.ids[plan.target], folder / "before")
        self.stage, self.last, self.count = plan.target.stage.name, last, 0
        execute(plan, place, Machine(threads=1, workers=workers), shows=self.shown)
        return self.count


def ended(work: Callable[[], Any]) -> int:
    """How a child that does this, the head of a group of processes, ended: 0, or minus the signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.setsid()
    signal.alarm(300)  # a child that hangs fails its test, and no more
    try:
        work()
        os._exit(0)
    finally:
        traceback.print_exc()
        os._exit(1)


def main(ground: Path, out: Path) -> None:
    """The whole runs, then those that are broken off."""
    acts, counts = Acts(), {}
    for stage in STEPS:
        folder = out / stage / "whole"
        counts[stage] = acts.of_run(plan_of(stage, ground, folder), folder)
    for stage, count in counts.items():
        last, folder = count // 2 + 1, out / stage / "alone"
        how = ended(partial(acts.of_run, plan_of(stage, ground, folder), folder, last))
        (out / stage / "alone.json").write_text(json.dumps({"acts": count, "last": last, "ended": how}))
    for stage in WITH_WORKERS:
        folder = out / stage / "with workers"
        how = ended(partial(acts.of_run, plan_of(stage, ground, folder), folder, 1, 2))
        (out / stage / "with workers.json").write_text(json.dumps({"acts": PARTS, "last": 1, "ended": how}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
