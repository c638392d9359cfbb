"""Differentially private training (Abadi et al. 2016, arXiv 1607.00133): each row's gradient clipped, the sum noised, rows drawn by Poisson sampling.

The unit of privacy is a row: a conversation. Opacus (Yousefpour et al. 2021) gives the gradients row by row; they are clipped and
noised inside the learner's forward, so that the one loop trains privately without knowing it. The loop is told a loss of zero:
what it decides by losses (leaving out a spike) would tell of the rows beyond what is accounted for, and so would a printed curve.

The noise and the drawing of rows follow from a secret: who knows it can take the noise off again. It lies beside the
training's checkpoints, so that a resume is exact, and is never part of what the training makes.

Shapes: B rows.
"""

import hashlib
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from danlu.loop.batches import micro_batches
from danlu.loop.feed import WHOLE, Part
from danlu.loop.token_batch import IGNORED, Row, TokenBatch

_FILE = "private.secret"
_SECRET_BYTES = 32


@dataclass(frozen=True)
class PrivateBatch:
    """Some rows of a step; the first batch of each step brings the step's noise, and may have no rows."""

    rows: TokenBatch | None
    noise_key: bytes | None
    """What the noise follows from; None when an earlier batch of the step brought it."""

    @property
    def padded_tokens(self) -> int:
        """Of the rows."""
        return self.rows.padded_tokens if self.rows else 0

    @property
    def targets(self) -> int:
        """Rows: each counts as one, however long."""
        return len(self.rows.ids_BT) if self.rows else 0

    def to(self, device: Any) -> "PrivateBatch":
        """The same rows on a torch device."""
        return PrivateBatch(self.rows.to(device) if self.rows else None, self.noise_key)

    def halves(self) -> "tuple[PrivateBatch, PrivateBatch] | None":
        """The rows in two batches, the noise with the first."""
        both = self.rows.halves() if self.rows else None
        return (PrivateBatch(both[0], self.noise_key), PrivateBatch(both[1], None)) if both else None


@dataclass(frozen=True)
class PoissonFeed:
    """Each step takes each row with the same chance, on its own: what the accountants assume. A step may have no row."""

    rows: Sequence[Row]
    expected_rows: int
    """Rows of a step on average; the gradient is divided by this, whatever the step drew."""
    step_count: int
    micro_batch_tokens: int
    secret: bytes

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.step_count

    @property
    def sample_rate(self) -> float:
        """The chance of a row to be in a step."""
        return self.expected_rows / len(self.rows)

    def drawn(self, step: int) -> list[int]:
        """The rows of a step: a pure function of the secret and the step."""
        chance = np.random.default_rng(int.from_bytes(_key(self.secret, "rows", step), "big"))
        return [int(row) for row in np.flatnonzero(chance.random(len(self.rows)) < self.sample_rate)]

    def batches(self, step: int, part: Part = WHOLE) -> list[PrivateBatch]:
        """The rows of a step, the longest first; private training is one process."""
        assert part == WHOLE, "private training is not shared among processes"
        lengths = {row: len(self.rows[row].ids) for row in self.drawn(step)}
        groups = micro_batches(list(lengths), lengths, self.micro_batch_tokens)
        batches = [TokenBatch.of([self.rows[row] for row in group]) for group in groups]
        key = _key(self.secret, "noise", step)
        first = batches[0] if batches else None
        return [PrivateBatch(first, key), *(PrivateBatch(batch, None) for batch in batches[1:])]

    def targets(self, step: int) -> int:
        """The expected number of rows, not the drawn one, which is private."""
        return self.expected_rows

    def tokens(self, step: int) -> int:
        """Tokens of a step on average: those of the drawn rows would tell which were drawn."""
        return round(self.sample_rate * sum(len(row.ids) for row in self.rows))


class PrivateLearner(torch.nn.Module):
    """A causal learner whose gradient is the noised sum of its rows' clipped gradients.

    For adapters of linear layers (LoRA), in float32, and without recomputation of activations: set `recompute_above_tokens`
    above every batch.
    """

    def __init__(self, learner: torch.nn.Module, *, clip_norm: float, noise_multiplier: float) -> None:
        super().__init__()
        from opacus.grad_sample import GradSampleModule

        self.inner: Any = GradSampleModule(learner, batch_first=True, loss_reduction="sum")
        self._clip_norm, self._noise_multiplier = clip_norm, noise_multiplier

    def forward(self, batch: PrivateBatch) -> torch.Tensor:
        """Zero, with the private gradient behind it: the loop's way back puts it into the weights."""
        weights = [weight for weight in self.parameters() if weight.requires_grad]
        sums = (
            self.clipped_sums(batch.rows, weights) if batch.rows else [torch.zeros_like(weight) for weight in weights]
        )
        if batch.noise_key is not None:
            # torch's own generator keeps 32 bits of a seed, which can be tried out.
            chance = np.random.Generator(np.random.Philox(key=int.from_bytes(batch.noise_key[:16], "big")))
            spread = self._clip_norm * self._noise_multiplier
            noises = (torch.from_numpy(chance.standard_normal(tuple(total.shape), np.float32)) for total in sums)
            sums = [total + spread * noise.to(total.device) for total, noise in zip(sums, noises, strict=True)]
        behind: Any = sum(
            ((weight - weight.detach()) * total).sum() for weight, total in zip(weights, sums, strict=True)
        )
        return torch.as_tensor(behind)

    def clipped_sums(self, rows: TokenBatch, weights: Sequence[torch.nn.Parameter]) -> list[torch.Tensor]:
        """For each weight the sum of the rows' gradients, each row's (over all weights) clipped to `clip_norm`.

        A row's loss is the mean over its own targets, so that a long one does not count more. A row whose gradient is not
        finite counts as zero: a step that were left out for it would tell of it.
        """
        targets_B = (rows.targets_BT != IGNORED).sum(dim=1).clamp(min=1)
        with torch.autocast(rows.ids_BT.device.type, enabled=False), torch.enable_grad(), warnings.catch_warnings():
            # The first layers' inputs need no gradient; Opacus' hooks need only those of the outputs.
            warnings.filterwarnings("ignore", message="Full backward hook is firing")
            nats = self.inner(rows)
            torch.autograd.grad(nats, list(weights), allow_unused=True)
        gradients = list(_taken(weights, len(targets_B)))
        scaled = [gradient / targets_B.view(-1, *[1] * (gradient.ndim - 1)) for gradient in gradients]
        norms_B = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in scaled]).norm(dim=0)
        factor_B = (self._clip_norm / (norms_B + 1e-12)).clamp(max=1.0)
        factor_B, scaled = _without_not_finite(factor_B, norms_B.isfinite(), scaled)
        return [torch.einsum("b,b...->...", factor_B, gradient) for gradient in scaled]

    def plain(self) -> Any:
        """The learner without Opacus' hooks, to be saved. Nothing private can be learnt after that."""
        return self.inner.to_standard_module()


def _without_not_finite(
    factor_B: torch.Tensor, finite_B: torch.Tensor, scaled: list[torch.Tensor]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Zeros for the rows that are not finite: not a number times zero is not a number."""
    if bool(finite_B.all()):
        return factor_B, scaled
    kept = [torch.where(finite_B.view(-1, *[1] * (gradient.ndim - 1)), gradient, 0.0) for gradient in scaled]
    return torch.where(finite_B, factor_B, 0.0), kept


def _taken(weights: Sequence[torch.nn.Parameter], rows: int) -> Iterator[torch.Tensor]:
    """Opacus leaves each row's gradient beside the weight; it is taken away, or the next batch would find it there."""
    for weight in weights:
        holder: Any = weight
        found = holder.grad_sample
        holder.grad_sample = None
        yield torch.zeros(rows, *weight.shape, device=weight.device) if found is None else found.detach()


def chance_seed(secret: bytes) -> int:
    """The seed of all other chance in the training (dropout).

    With a known seed what a row's gradient is would follow from which rows stand before it, and taking one row out would
    change the others' too: more than the clipping allows for.
    """
    return int.from_bytes(_key(secret, "chance", 0), "big")


def read_secret(folder: Path) -> bytes:
    """The secret of the training whose checkpoints lie in `folder`; drawn from the system's own randomness the first time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    if not path.exists():
        unfinished = folder / f"{_FILE}.unfinished"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(os.urandom(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    return path.read_bytes()


def _key(secret: bytes, what: str, step: int) -> bytes:
    return hashlib.blake2b(f"{what}/{step}".encode(), key=secret, digest_size=16).digest()
