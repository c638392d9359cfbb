"""The only optimisation loop: gradient accumulation, clipping, AdamW, schedule, checkpoints, exact resume.

Everything that a step depends on is in its number (which rows, which rate) or in the checkpoint (weights, optimizer,
random state of dropout), so a training that was killed and resumed ends with the same bits as one that was not.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import WorkFailed
from danlu.core.progress import Progress
from danlu.loop.batches import Step
from danlu.loop.checkpoint import State, load_state, save_state
from danlu.loop.loss import sum_of_nats, target_count
from danlu.loop.schedule import learning_rate
from danlu.model.chat import Tokens


@dataclass(frozen=True)
class Optimization:
    """How weights follow gradients."""

    learning_rate: float
    warmup_fraction: float
    weight_decay: float
    max_gradient_norm: float
    recompute_above_tokens: int
    """A micro-batch with more padded tokens keeps no activations and computes them twice: slower, the same bits."""
    autocast_bfloat16: bool


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often the loop saves where it stands, and the name of this very training."""

    folder: Path
    every_steps: int
    key: str


def train(
    model: Any,
    rows: Sequence[Tokens],
    steps: Sequence[Step],
    optimization: Optimization,
    checkpoints: Checkpoints,
    progress: Progress,
) -> list[float]:
    """Train the parameters of `model` that require gradients; returns nats per target token of each step.

    Random numbers (dropout) come from torch's CPU generator as the caller seeded it. Continues from the checkpoint
    when there is one. Raises WorkFailed when the loss is no longer finite.
    """
    import torch

    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), weight_decay=optimization.weight_decay)
    losses = _restore(load_state(checkpoints.folder, checkpoints.key), weights, optimizer)
    model.train()
    with _reproducible():
        for number in range(len(losses), len(steps)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(
                    number, len(steps), optimization.learning_rate, optimization.warmup_fraction
                )
            losses.append(_step(model, rows, steps[number], optimizer, optimization))
            done = len(losses)
            progress.advance(done, len(steps), f"loss {losses[-1]:.3f}")
            if done % checkpoints.every_steps == 0 or done == len(steps):
                save_state(checkpoints.folder, _state(checkpoints.key, weights, optimizer, losses))
    model.eval()
    return losses


def _step(model: Any, rows: Sequence[Tokens], step: Step, optimizer: Any, optimization: Optimization) -> float:
    """Learn from one step. The loss is divided by the targets of the whole step, so micro-batches do not change it."""
    import torch

    batches = [[rows[index] for index in batch] for batch in step.micro_batches]
    targets = sum(target_count(batch) for batch in batches)
    loss = 0.0
    for batch in batches:
        padded_tokens = len(batch) * max(len(row.ids) for row in batch)
        with _recomputing(model, padded_tokens > optimization.recompute_above_tokens):
            with torch.autocast("cpu", torch.bfloat16, enabled=optimization.autocast_bfloat16):
                share = sum_of_nats(model, batch) / targets
            share.backward()
        loss += share.item()
    trained = [weight for group in optimizer.param_groups for weight in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(trained, optimization.max_gradient_norm)
    if not torch.isfinite(norm):
        raise WorkFailed(
            "training diverged: loss {loss}, gradient norm {norm}", "lower learning_rate", loss=loss, norm=norm.item()
        )
    optimizer.step()
    optimizer.zero_grad()
    return loss


def _state(key: str, weights: dict[str, Any], optimizer: Any, losses: list[float]) -> State:
    import torch

    kept = {name: weight.detach() for name, weight in weights.items()}
    return State(key, kept, optimizer.state_dict(), torch.get_rng_state(), len(losses), losses)


def _restore(state: State | None, weights: dict[str, Any], optimizer: Any) -> list[float]:
    """Take up a checkpoint: puts weights, optimizer and random state back, and returns the losses so far."""
    import torch

    if state is None:
        return []
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(state.weights[name])
    optimizer.load_state_dict(state.optimizer)
    torch.set_rng_state(state.random_state)
    return list(state.losses)


@contextmanager
def _recomputing(model: Any, needed: bool) -> Iterator[None]:
    """Keep only the inputs of each layer for the way back."""
    if not needed:
        yield
        return
    model.activation_checkpointing_enable()
    try:
        yield
    finally:
        model.activation_checkpointing_disable()


@contextmanager
def _reproducible() -> Iterator[None]:
    """Have torch refuse operations whose result changes from run to run."""
    import torch

    uninitialized: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), uninitialized.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    # Filling every new tensor first would cost time and guards against nothing that we do.
    uninitialized.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        uninitialized.fill_uninitialized_memory = before[1]
