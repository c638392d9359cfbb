"""Run a task on every shard of some work that is not done yet: in workers, on a cluster, or here when there is only one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from danlu.core.errors import WorkFailed
from danlu.core.stages import Work
from danlu.core.workers import Died, map_shards


class Shard(Protocol):
    """What one task reads, and the file or folder that it makes whole by one rename."""

    @property
    def source(self) -> Path:
        """A part of a corpus."""

    @property
    def outcome(self) -> Path:
        """What is there when the shard is done."""


S = TypeVar("S", bound=Shard)


def finish(work: Work, task: Callable[[S], None], shards: Sequence[S]) -> None:
    """Do what an interrupted run left to do. `task` is a module-level function, or a `partial` of one.

    A single shard is done in this process: starting a worker would cost seconds. Raises WorkFailed when a shard kills its worker
    again and again.
    """
    waiting = [shard for shard in shards if not shard.outcome.exists()]
    done = len(shards) - len(waiting)
    if len(waiting) == 1 and isinstance(work.workers, int):
        task(waiting[0])
        work.progress.advance(len(shards), len(shards), waiting[0].source.stem)
        return
    for position, result in map_shards(task, waiting, work.workers):
        if isinstance(result, Died):
            raise WorkFailed(
                "{part} ended its worker {tries} times, with exit code {code}",
                "Memory may be short: try with fewer workers.",
                part=waiting[position].source,
                tries=result.tries,
                code=result.exit_code,
            )
        done += 1
        work.progress.advance(done, len(shards), waiting[position].source.stem)
