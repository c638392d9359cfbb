"""What a training will take, told before its first step; and afterwards, how far that was from what it took."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from danlu.core.machine import MIB, resident_bytes
from danlu.loop.probe import Cost, Probe


@dataclass(frozen=True)
class Schedule:
    """What a training does beside its steps."""

    checkpoints: int
    """In the whole training, however long it is."""
    checkpoint_every_steps: int | None = None
    """And one more after so many steps each; None for none."""
    checkpoints_kept: int = 3
    scored_tokens: int = 0
    """Held-out tokens that are scored, in all; texts, where the trial's score counts texts."""

    def checkpoints_of(self, steps: float) -> float:
        """In a training of so many steps."""
        return self.checkpoints + (steps / self.checkpoint_every_steps if self.checkpoint_every_steps else 0)


@dataclass(frozen=True)
class Prediction:
    """Of one training."""

    steps: int
    tokens: int
    wall_s: float | None
    """None where no steps were tried: no formula knows it."""
    cpu_s: float | None
    memory_bytes: int
    """Peak of the process that trains."""
    disk_bytes: int
    """While it runs: the checkpoints that are kept, one that is being written, and what it makes."""

    def facts(self) -> dict[str, Any]:
        """For a record: what is foretold."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def predict(probe: Probe, schedule: Schedule) -> Prediction:
    """A prediction for the process that calls.

    The probe's process and this one differ in what else they hold: that is taken from their sizes.
    """
    work = probe.workload
    cost = (
        _fixed(probe, schedule)
        + probe.padded_token * work.padded_tokens
        + probe.checkpoint * (schedule.checkpoints_of(work.steps) - schedule.checkpoints)
    )
    return Prediction(
        steps=work.steps,
        tokens=work.tokens,
        wall_s=round(cost.wall_s, 3),
        cpu_s=round(cost.cpu_s, 3),
        memory_bytes=resident_bytes() + max(0, probe.peak_bytes - probe.base_bytes),
        disk_bytes=(schedule.checkpoints_kept + 1) * probe.checkpoint_bytes + probe.made_bytes,
    )


def tokens_for(budget_s: float, probe: Probe, schedule: Schedule) -> int:
    """Tokens (padding left out) that can be learnt from in so many seconds; 0 when all that is beside takes longer.

    Taken once, before step 1, and written down: the clock decides how much is learnt and never what.
    """
    work = probe.workload
    steps = schedule.checkpoints_of(work.steps) - schedule.checkpoints
    whole = probe.padded_token * work.padded_tokens + probe.checkpoint * steps
    return max(0, int((budget_s - _fixed(probe, schedule).wall_s) * work.tokens / whole.wall_s))


def _fixed(probe: Probe, schedule: Schedule) -> Cost:
    """What costs the same however many tokens are learnt from."""
    return (
        probe.startup
        + probe.checkpoint * schedule.checkpoints
        + probe.scored_token * schedule.scored_tokens
        + probe.finish
    )


def compared(prediction: Prediction, run: Mapping[str, Any]) -> dict[str, Any]:
    """The prediction beside what run.json says was used (wall_s, cpu_s, peak_memory_mb), and used / predicted where both are known."""
    used = {
        "wall_s": float(run["wall_s"]),
        "cpu_s": float(run["cpu_s"]),
        "memory_bytes": int(run["peak_memory_mb"]) * MIB,
    }
    predicted = prediction.facts()
    ratios = {name: round(value / predicted[name], 3) for name, value in used.items() if predicted.get(name)}
    return {"predicted": predicted, "used": used, "ratio": ratios}
