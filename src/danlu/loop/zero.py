"""ZeRO by DeepSpeed: what the processes of one training hold is parted over them, in three stages.

ZeRO (Rajbhandari et al. 2020, arXiv 1910.02054): stage 1 parts the optimizer's states, stage 2 the gradients too, stage 3 the
weights too. The steps are those of the one loop: DeepSpeed sums gradients and gathers weights, and neither scales, nor clips,
nor schedules, nor saves. Precision is the loop's too: weights, gradients and sums stay float32.
Checkpoints are the loop's own, so any other layout takes them up (`danlu.loop.zero_state`).

DeepSpeed offers no way to look at a gradient before its step is taken. What is read of its insides is in this file alone: the flat
tensors of its optimizers, the places of the weights in them, and the gradients that it has summed.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.distributed as dist

from danlu.core.errors import UserError, WorkFailed
from danlu.loop.average import Tensors
from danlu.loop.feed import Batch, Feed
from danlu.loop.gradients import Gradients
from danlu.loop.layout import Layout
from danlu.loop.optimizers import Optimization, make_optimizers
from danlu.loop.precision import autocast

_BUCKET_NUMBERS = 50_000_000
"""Gradients that are summed together: 200 MB of memory. DeepSpeed's own default takes 2 GB."""
STATES = ("exp_avg", "exp_avg_sq")
"""Of AdamW, each as large as the weights."""


@dataclass(frozen=True)
class Place:
    """Which part of a weight this process keeps the states of."""

    flat: int
    """Number of the flat tensor of the optimizer in which they lie."""
    start: int
    """Where in the flat tensor."""
    weight_start: int
    """Where in the weight, seen as one row."""
    count: int
    """Numbers; 0 when other processes have all of it."""


class Zero:
    """A learner whose training DeepSpeed parts over all processes. It stays parted: its checkpoints hold it whole."""

    def __init__(self, learner: torch.nn.Module, optimization: Optimization, layout: Layout) -> None:
        _check(optimization)
        self._optimization, self._layout = optimization, layout
        self.parameters = {name: weight for name, weight in learner.named_parameters() if weight.requires_grad}
        self.shapes = {name: weight.shape for name, weight in self.parameters.items()}
        [self._adamw] = make_optimizers(learner, optimization)
        self._engine = _engine(_Precise(learner, layout.device.type, optimization.precision), self._adamw, layout.zero)
        self.optimizer: Any = self._engine.optimizer
        self.places = {name: self._place(weight) for name, weight in self.parameters.items()}
        for flat in self.flats:
            zeros = {key: torch.zeros_like(flat) for key in STATES}
            self._adamw.state[flat] = {"step": torch.zeros(()), **zeros}
        self._check_parted()

    @property
    def parts_weights(self) -> bool:
        """Stage 3: no process holds a whole weight, but while a layer computes."""
        return self._layout.zero == 3

    @property
    def flats(self) -> list[torch.Tensor]:
        """The weights whose states this process keeps, as the optimizer sees them; float32."""
        inside = self.optimizer
        held = inside.fp32_partitioned_groups_flat if self.parts_weights else inside.single_partition_of_fp32_groups
        return cast(list[torch.Tensor], held)

    def optimized(self, name: str) -> torch.Tensor:
        """The part of a weight that this process keeps, as the optimizer sees it: one row, and what is written to it counts."""
        return self.flats[self.places[name].flat].detach()[self.places[name].start :]

    def states(self, name: str) -> Tensors:
        """AdamW's of that part, likewise."""
        place = self.places[name]
        held = self._adamw.state[self.flats[place.flat]]
        return {key: held[key][place.start :] for key in STATES}

    def steps_done(self, name: str) -> torch.Tensor:
        """AdamW's count for a weight: one number, kept once for all weights of a flat tensor."""
        return cast(torch.Tensor, self._adamw.state[self.flats[self.places[name].flat]]["step"])

    def weights(self) -> Tensors:
        """What this process computes with, by name; in stage 3 its part, as one row with room at the end."""
        if not self.parts_weights:
            return dict(self.parameters)
        return {name: cast(Any, weight).ds_tensor for name, weight in self.parameters.items()}

    def gradients(self, feed: Feed) -> "ZeroGradients":
        """What puts the gradient of a step where the optimizer takes it."""
        return ZeroGradients(self._engine, feed, self._optimization, self._layout)

    def _place(self, weight: Any) -> Place:
        if self.parts_weights:
            flat, start, room = self.optimizer.grad_position[self.optimizer.get_param_id(weight)]
            weight_start = min(dist.get_rank() * room, weight.ds_numel)
            return Place(flat, start, weight_start, min(room, weight.ds_numel - weight_start))
        mapping = weight._hp_mapping
        if mapping is None:
            return Place(0, 0, 0, 0)
        inside, outside = mapping.hp_fragment_address, mapping.lp_fragment_address
        return Place(mapping.param_group_index, inside.start, outside.start, inside.numel)

    def _check_parted(self) -> None:
        """What is promised is counted. A weight's parts are rounded up to equal lengths."""
        whole, held = sum(shape.numel() for shape in self.shapes.values()), sum(flat.numel() for flat in self.flats)
        count = dist.get_world_size()
        if held > whole / count + count * (len(self.shapes) + 1):
            raise WorkFailed(
                "the optimizer's states were to be shared by {count} processes, and this one holds those of {held} of {whole} numbers",
                count=count,
                held=held,
                whole=whole,
            )


class ZeroGradients(Gradients):
    """Puts the gradient of a step, parted over the processes, where DeepSpeed's optimizer takes it."""

    def __init__(self, engine: Any, feed: Feed, optimization: Optimization, layout: Layout) -> None:
        super().__init__(engine, [], feed, optimization, layout)
        self._engine, self._inside = engine, engine.optimizer

    def clear(self) -> None:
        """Forget the gradient, in all the places where DeepSpeed keeps one."""
        self._inside.zero_grad()
        if self._layout.zero == 3:
            self._inside.grad_partitions_flat_buffer.zero_()
            return
        self._inside.micro_step_id = -1
        for kept in (self._inside.averaged_gradients, self._inside.all_grad_tensors):
            kept.update(dict.fromkeys(kept))

    def _nats(self, batch: Batch) -> torch.Tensor:
        """Frozen weights are cast by autocast each time: DeepSpeed gathers those that it parted, and takes no others in their place."""
        return cast(torch.Tensor, self._forward(batch))

    def _add_gradient(self, loss: torch.Tensor, *, is_last: bool) -> None:
        self._engine.set_gradient_accumulation_boundary(is_last)
        self._engine.backward(loss, scale_wrt_gas=False)

    def _clipped(self, scale: float) -> float:
        parts = [part for parts in self._inside.averaged_gradients.values() for part in parts]
        squares = torch.zeros((), dtype=torch.float64, device=self._layout.device)
        for part in parts:
            part /= scale
            squares += part.double().square().sum()
        dist.all_reduce(squares)
        norm = float(squares.sqrt())
        share = self._optimization.max_gradient_norm / (norm + 1e-6)  # as torch's own clipping
        for part in parts if share < 1 else ():
            part *= share
        return norm


class _Precise(torch.nn.Module):
    """A learner in the loop's precision: within DeepSpeed's engine, which switches off what is around it."""

    def __init__(self, learner: torch.nn.Module, device_type: str, precision: str) -> None:
        super().__init__()
        self.learner, self._device_type, self._precision = learner, device_type, precision

    def forward(self, batch: Batch) -> Any:
        with autocast(self._device_type, self._precision):
            return self.learner(batch)


def _engine(learner: torch.nn.Module, optimizer: torch.optim.Optimizer, stage: int) -> Any:
    with _quiet():
        try:
            import deepspeed
        except ImportError:
            raise UserError(
                "ZeRO needs the package {package}", "pip install 'danlu[deepspeed]'", package="deepspeed"
            ) from None
        # A sum over processors for inference, which it would compile first: minutes, and a compiler is needed.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
        # It calls torch by names that torch 2.13 calls old, at every step.
        warnings.filterwarnings("ignore", r"`torch\.distributed\.\w+` is deprecated", FutureWarning)
        return deepspeed.initialize(model=learner, optimizer=optimizer, config=_settings(stage))[0]


def _settings(stage: int) -> dict[str, Any]:
    """DeepSpeed's, of which all that changes what is learnt is switched off (deepspeed.ai/docs/config-json)."""
    return {
        "train_micro_batch_size_per_gpu": 1,  # read for its own reports alone
        "zero_allow_untested_optimizer": True,  # torch's AdamW, as in the other layouts
        "zero_optimization": {
            "stage": stage,
            "reduce_bucket_size": _BUCKET_NUMBERS,
            "stage3_param_persistence_threshold": 0,  # small weights are parted too: one rule for all
        },
    }


def _check(optimization: Optimization) -> None:
    for asked, is_asked in (("Muon", optimization.optimizer == "muon"), ("torch.compile", optimization.is_compiled)):
        if is_asked:
            raise UserError(
                "ZeRO trains without {asked}",
                "Take `optimizer=adamw`, or shards without zero: FSDP2 parts as much.",
                asked=asked,
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """DeepSpeed logs every setting."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
