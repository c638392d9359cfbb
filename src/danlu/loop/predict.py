"""What a training will take, told before its first step; and afterwards, how far that was from what it took."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from danlu.core.machine import MIB, resident_bytes
from danlu.loop.probe import Probe


@dataclass(frozen=True)
class Prediction:
    """Of one training."""

    steps: int
    tokens: int
    wall_s: float
    cpu_s: float
    memory_bytes: int
    """Peak of the process that trains."""
    disk_bytes: int
    """While it runs: the checkpoints that are kept, one that is being written, and what it makes."""

    def facts(self) -> dict[str, Any]:
        """For a record."""
        return asdict(self)


def predict(probe: Probe, *, checkpoints_kept: int, checkpoints: int, made_bytes: int) -> Prediction:
    """A prediction for the process that calls; `checkpoints` are written in all, `made_bytes` is what the training leaves behind.

    The probe's process and this one differ in what else they hold: that is taken from their sizes.
    """
    work = probe.workload
    base = probe.imported_bytes if "transformers" in sys.modules else probe.bare_bytes
    return Prediction(
        steps=work.steps,
        tokens=work.tokens,
        wall_s=probe.startup_s + work.padded_tokens * probe.s_per_padded_token + checkpoints * probe.checkpoint_s,
        cpu_s=probe.startup_cpu_s + work.padded_tokens * probe.cpu_s_per_padded_token,
        memory_bytes=probe.peak_bytes + max(0, resident_bytes() - base),
        disk_bytes=(checkpoints_kept + 1) * probe.checkpoint_bytes + made_bytes,
    )


def tokens_for(budget_s: float, probe: Probe) -> int:
    """Tokens (padding left out) that can be learnt from in so many seconds; 0 when starting alone takes longer.

    Taken once, before step 1, and written down: the clock decides how much is learnt and never what.
    """
    return max(0, int((budget_s - probe.startup_s) / probe.s_per_token))


def compared(prediction: Prediction, run: Mapping[str, Any]) -> dict[str, Any]:
    """The prediction beside what run.json says was used (wall_s, cpu_s, peak_memory_mb), and used / predicted for each."""
    used = {
        "wall_s": float(run["wall_s"]),
        "cpu_s": float(run["cpu_s"]),
        "memory_bytes": int(run["peak_memory_mb"]) * MIB,
    }
    predicted = prediction.facts()
    ratios = {name: round(value / predicted[name], 3) for name, value in used.items() if predicted[name]}
    return {"predicted": predicted, "used": used, "ratio": ratios}
