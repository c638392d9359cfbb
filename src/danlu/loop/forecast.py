"""A forecaster of measurements: from a window the next moment, by a small network of causal convolutions.

Temporal convolution with dilations that double (Bai et al. 2018, arXiv 1803.01271). What it cannot foresee is suspect.

Shapes: B windows, W moments of a window, C columns, H channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

_REACH = 3
"""Moments that a convolution sees, its dilation apart."""


class Forecaster(torch.nn.Module):
    """The next moment as a change to the last one, so that an untrained network foresees that nothing changes."""

    def __init__(self, columns: int, channels: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.enter = torch.nn.Conv1d(columns, channels, 1)
        self.layers = torch.nn.ModuleList(
            torch.nn.Conv1d(channels, channels, _REACH, dilation=2**number) for number in range(layers)
        )
        self.dropout = torch.nn.Dropout(dropout)
        self.leave = torch.nn.Linear(channels, columns)
        torch.nn.init.zeros_(self.leave.weight)
        torch.nn.init.zeros_(self.leave.bias)

    def forward(self, windows_BWC: torch.Tensor) -> torch.Tensor:
        """The moment after each window, shape (B, C)."""
        states_BHW = self.enter(windows_BWC.transpose(1, 2))
        for number, layer in enumerate(self.layers):
            padded = functional.pad(states_BHW, [(_REACH - 1) * 2**number, 0])  # the past alone
            states_BHW = states_BHW + self.dropout(functional.gelu(layer(padded)))
        change_BC: torch.Tensor = self.leave(states_BHW[:, :, -1])
        return windows_BWC[:, -1] + change_BC


@dataclass(frozen=True)
class WindowBatch:
    """Windows and the moment after each."""

    windows_BWC: torch.Tensor
    next_BC: torch.Tensor

    @classmethod
    def of(cls, values_TC: torch.Tensor, ends: Sequence[int], window: int) -> "WindowBatch":
        """The windows that end before the moments `ends`, each at least `window`."""
        ends_B = torch.tensor(ends)
        places_BW = ends_B.unsqueeze(1) + torch.arange(-window, 0)
        return cls(values_TC[places_BW], values_TC[ends_B])

    @property
    def padded_tokens(self) -> int:
        """Numbers that go in."""
        return self.windows_BWC.numel()

    @property
    def targets(self) -> int:
        """Numbers that are foreseen."""
        return self.next_BC.numel()

    def to(self, device: Any) -> "WindowBatch":
        """The same windows on a torch device."""
        return WindowBatch(self.windows_BWC.to(device), self.next_BC.to(device))

    def halves(self) -> "tuple[WindowBatch, WindowBatch] | None":
        """Its windows in two batches; None for a single one."""
        middle = len(self.next_BC) // 2
        if not middle:
            return None
        return (
            WindowBatch(self.windows_BWC[:middle], self.next_BC[:middle]),
            WindowBatch(self.windows_BWC[middle:], self.next_BC[middle:]),
        )


class ForecastLearner(torch.nn.Module):
    """Sum of Huber's loss over the numbers that are foreseen: a stray peak in the training data does not rule it."""

    def __init__(self, forecaster: Forecaster) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(self, batch: WindowBatch) -> torch.Tensor:
        """The sum, float32."""
        foreseen_BC = self.forecaster(batch.windows_BWC).float()
        return functional.huber_loss(foreseen_BC, batch.next_BC, reduction="sum")
