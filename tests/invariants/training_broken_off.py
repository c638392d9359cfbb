"""Runs every training stage in two processes: in one to its end; in the other it is killed, and run again.

    python training_broken_off.py whole|broken GROUND OUT

What is done is counted as in broken_off.py. Most are killed in a later epoch, some in the first one too: then a third run ends what is
left. Checkpoints are written after every second step, so that there is something to take up (how often is no identity).
OUT/STAGE/whole.json says how many acts there are, OUT/STAGE/broken.json how each run ended and at which step it was killed.
"""

import json
import sys
import time
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from broken_off import Acts, ended

from danlu.core.stages import Plan
from danlu.loop.checkpoint import Checkpoints
from danlu.train.align import stage as align_stage
from training_stages import KILLED_TWICE, STAGES

EVERY_STEPS = 2
_LATE_S = 240
_IMPORTED_ONCE = (
    "bitsandbytes", "optuna", "peft", "py3langid", "rustbpe", "scipy.stats", "sentencepiece", "sqlalchemy.orm", "tiktoken",
    "danlu.data.split.stage", "danlu.loop.loop", "danlu.loop.probe", "danlu.loop.saving", "danlu.loop.tuning", "danlu.text.shingles",
    "danlu.text.suspects", "danlu.train.align.saving", "danlu.train.align.training", "danlu.train.heads.model",
    "danlu.train.pretrain_scores", "transformers.models.bert.modeling_bert", "transformers.models.llama.modeling_llama",
    "transformers.models.marian.modeling_marian", "transformers.models.t5.modeling_t5",
)  # fmt: skip
"""By the parent of all runs, where they are installed: each costs seconds."""


class Steps(Acts):
    """Writes down the step in which the process ends."""

    def __init__(self) -> None:
        super().__init__()
        self.death = Path()
        self.step: Any = None

    def advance(self, *said: Any) -> None:
        """`said` is a report of progress: steps done, and all."""
        self.step = said[:2] or self.step
        if self.watching and self.count + 1 == self.last:
            self.death.write_text(json.dumps(self.step))
        super().advance(*said)


def save_often() -> None:
    """After every second step, in danlu's loop and in TRL's."""
    plain: Any = Checkpoints.__init__

    def often(self: Checkpoints, folder: Path, every_steps: int, key: str, keep: int = 3) -> None:
        plain(self, folder, min(every_steps, EVERY_STEPS), key, keep)

    Checkpoints.__init__ = often  # type: ignore[method-assign]
    align_stage.CHECKPOINT_EVERY_STEPS = EVERY_STEPS


def whole(acts: Steps, plan: Plan, out: Path) -> None:
    """One run to the end."""

    def counted() -> None:
        (out / "acts").write_text(str(acts.of_run(plan, out / "whole")))

    how = ended(counted)
    written = {"ended": how, "acts": int((out / "acts").read_text()) if how == 0 else 0}
    (out / "whole.half").write_text(json.dumps(written))
    (out / "whole.half").rename(out / "whole.json")


def broken(acts: Steps, plan: Plan, out: Path, *, is_twice: bool) -> None:
    """Killed a quarter and about three quarters into a training, or once a little past the middle; then run to the end."""
    until = time.monotonic() + _LATE_S
    while not (out / "whole.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    count = json.loads((out / "whole.json").read_text())["acts"]
    kills = [count // 6 + 1, count // 2 + 1] if is_twice else [count // 2 + 1]
    facts: list[dict[str, Any]] = []
    for last in kills:
        acts.death = out / "death"
        acts.death.write_text("null")
        how = ended(partial(acts.of_run, plan, out / "broken", last))
        saved = sorted(path.name for path in (out / "broken" / "made").rglob("*-*") if path.is_dir())
        facts.append({"ended": how, "step": json.loads(acts.death.read_text()), "saved": saved})
    facts.append({"ended": ended(partial(acts.of_run, plan, out / "broken"))})
    (out / "broken.json").write_text(json.dumps(facts))


def main(way: str, ground: Path, out: Path) -> None:
    """All stages."""
    for name in _IMPORTED_ONCE:
        with suppress(ImportError):
            import_module(name)
    torch.set_num_threads(1)
    save_often()
    acts = Steps()
    for stage, plan_of in STAGES.items():
        (out / stage).mkdir(parents=True, exist_ok=True)
        plan = plan_of(ground)
        if way == "whole":
            whole(acts, plan, out / stage)
        else:
            broken(acts, plan, out / stage, is_twice=stage in KILLED_TWICE)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
