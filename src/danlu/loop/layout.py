"""Where a training runs: its device, and its share of the rows when several processes learn together."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from danlu.loop.feed import WHOLE, Part
from danlu.loop.segment import Segment


@dataclass(frozen=True)
class Layout:
    """One process of a training."""

    device: torch.device
    part: Part = WHOLE
    group: Any = None
    """The processes that each take a share of the rows; None for one alone."""
    zero: int = 0
    """The stage of ZeRO by which DeepSpeed parts a training over them (`danlu.loop.zero`); 0: it does not."""
    segment: Segment | None = None
    """Which layers are here, when other processes have the others; None when all are."""
    tensor_group: Any = None
    """The processes that share each matrix; None when none do."""
    name: str = ""
    """Tells it from other layouts; empty for one process alone."""

    def total(self, value: float) -> float:
        """The sum of a number over the processes that share the rows, the same in each."""
        return self._reduced(value, dist.ReduceOp.SUM)

    def most(self, count: int) -> int:
        """The largest of a count over the processes that share the rows."""
        return int(self._reduced(float(count), dist.ReduceOp.MAX))

    def agreed(self, is_asked: bool) -> bool:
        """Whether any process of the training was asked, the same in each."""
        return bool(self.worst(int(is_asked)))

    def worst(self, verdict: int) -> int:
        """The largest of a small number over all processes of the training, the same in each."""
        if self.group is None:
            return verdict
        held = torch.tensor(float(verdict), device=self.device)
        dist.all_reduce(held, dist.ReduceOp.MAX)
        return int(held)

    def of_first(self, value: float) -> float:
        """A number as the first process of the training has it: what is decided by it is decided alike in each."""
        if self.group is None:
            return value
        held = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.broadcast(held, 0)
        return float(held)

    def _reduced(self, value: float, how: Any) -> float:
        if self.group is None:
            return value
        held = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(held, how, self.group)
        return float(held)


def single(device: str | None = None) -> Layout:
    """One process on the machine's GPU, or on its processor where there is none."""
    return Layout(torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")))
