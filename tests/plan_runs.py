"""Runs a plan as a stand-alone command does, here or in a process that kills itself in the middle of its last stage."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from danlu.core.artifacts import Artifact
from danlu.core.execute import Machine, Shows, execute
from danlu.core.progress import Progress, Silent
from danlu.core.stages import Plan
from danlu.core.store import Beside

SCRIPT = """
import sys
from pathlib import Path
{imports}
from plan_runs import run
run({plan}, Path({folder!r}), kill_at={step})
"""


class Deadly(Silent):
    """Ends the process at a step, as a power cut would."""

    def __init__(self, step: int) -> None:
        self._step = step

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Kill at the step."""
        if done == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


def run(plan: Plan, folder: Path, kill_at: int = 0) -> Artifact:
    """Make the plan's artifact in `folder`/out. A killed run's pieces are taken up."""
    return execute(
        plan,
        Beside(folder / "out", plan.target, plan.ids[plan.target], folder / "scratch"),
        Machine(threads=1, workers=1),
        shows=_shows(plan.target.stage.name, kill_at),
    )


def run_killed(imports: str, plan: str, folder: Path, step: int) -> int:
    """Run the plan that an expression gives in another process, which is killed at a step; returns its exit status."""
    script = SCRIPT.format(imports=imports, plan=plan, folder=str(folder), step=step)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode


def _shows(stage: str, kill_at: int) -> Shows:
    @contextmanager
    def shows(name: str) -> Iterator[Progress]:
        yield Deadly(kill_at) if name == stage and kill_at else Silent()

    return shows
