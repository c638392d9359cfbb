"""Pipeline parallel: processes hold runs of whole layers, and the micro-batches of a step go through them one behind the other.

The order of work is 1F1B (Narayanan et al. 2019, "PipeDream", SOSP) by torch's own pieces
(docs.pytorch.org/docs/stable/distributed.pipelining.html): each process goes back through a micro-batch as soon as it can, and keeps
the activations of as many micro-batches as there are segments, not of all. The micro-batches of a step are made of one
size here, as torch's buffers ask: rows are padded to the longest of the step, and places that are left have nothing to learn.

Shapes: B rows of a micro-batch, M micro-batches, T positions, D hidden size.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.pipelining import PipelineStage, Schedule1F1B
from torch.distributed.tensor import DTensor

from danlu.loop.causal import CausalLearner
from danlu.loop.gradients import Gradients, too_much
from danlu.loop.head_norms import sum_over
from danlu.loop.layout import Layout
from danlu.loop.segment import Segment, has_tied_head, not_for
from danlu.loop.token_batch import IGNORED, TokenBatch

_MICRO_BATCHES_PER_SEGMENT = 4
"""With so many the time that processes wait for one another is negligible (GPipe, Huang et al. 2019, arXiv 1811.06965, section 2.3)."""

Context = Callable[[int], AbstractContextManager[None]]
"""What a forward of so many padded tokens happens in: its precision, and whether activations are kept."""


class PipelineGradients(Gradients):
    """The gradient of a step, each process that of its own layers."""

    @cached_property
    def _pipeline(self) -> "Pipeline":
        return Pipeline(self._learner, self._layout, self._context)

    def _smaller(self, batches: Sequence[Any]) -> int:
        """Half of a micro-batch: batches that are larger than that go through in smaller pieces already."""
        assert self._layout.segment is not None
        rows, tokens = micro_batch(batches, self._layout.segment.count)
        if rows == 1:
            raise too_much(tokens)
        return rows * tokens // 2

    def _backward(self, number: int, batches: list[Any], seed: int, scale: float) -> float:
        torch.manual_seed(seed)
        targets = self._feed.targets(number)
        share = batches or [_unlearnt(self._idle(number))]
        nats = self._pipeline.backward(share, self._layout.part.count * scale / targets)
        sum_over(self._of_heads, self._layout.tensor_group)
        return self._layout.total(nats / targets)

    def _norm(self, groups: Sequence[Sequence[torch.nn.Parameter]]) -> torch.Tensor:
        counted = [[weight for weight in group if self._pipeline.counts(weight)] for group in groups]
        return self._pipeline.norm(super()._norm([group for group in counted if group]))


class Pipeline:
    """One process's part in the steps of a model that several hold."""

    def __init__(self, learner: torch.nn.Module, layout: Layout, context: Context) -> None:
        assert layout.segment is not None, "one process has the whole model"
        if not isinstance(learner, CausalLearner):
            raise not_for(learner)
        self._learner, self._layout, self._context = learner, layout, context
        self._segment: Segment = layout.segment
        self._twice = self._tied_weight()
        self._made: tuple[tuple[int, int, int], Schedule1F1B] | None = None

    def backward(self, batches: Sequence[TokenBatch], factor: float) -> float:
        """Add the gradient of the batches' loss, times `factor`, to the weights of all segments; returns the loss, a sum in nats."""
        # Processes that share the rows go through their layers equally often.
        ids_MBT, targets_MBT = even(batches, self._segment.count, self._layout.most)
        count, rows, tokens = ids_MBT.shape
        targets = targets_MBT.flatten(0, 1).to(self._layout.device)
        ids = (ids_MBT.flatten(0, 1).to(self._layout.device),) if self._segment.is_first else ()
        losses: list[torch.Tensor] = []
        self._schedule(count, rows, tokens).step(
            *ids,
            targets_BT=targets,
            target=targets,
            losses=losses,
            return_outputs=False,
            loss_kwargs={"factor": factor},
        )
        self._add_other_gradient()
        nats = torch.zeros((), dtype=torch.float64, device=self._layout.device)
        for loss in losses:
            nats += loss.detach() / factor
        return float(self._segment.total(nats))

    def counts(self, weight: torch.nn.Parameter) -> bool:
        """Whether the norm of the whole gradient has this weight from here: one that two segments hold counts once."""
        return weight is not self._twice or self._segment.is_first

    def norm(self, own: torch.Tensor) -> torch.Tensor:
        """The norm of the whole gradient, from that of each segment."""
        return self._segment.total(own.double().square()).sqrt().to(own.dtype)

    def _schedule(self, count: int, rows: int, tokens: int) -> Schedule1F1B:
        """For micro-batches of this size; the last one is kept, with its buffers."""
        if self._made is None or self._made[0] != (count, rows, tokens):
            given, made = self._shapes(rows, tokens)
            context = partial(self._context, rows * tokens)
            stage = _Stage(self._learner, self._segment, self._layout.device, given, made, context)
            self._made = (count, rows, tokens), Schedule1F1B(stage, count, loss_fn=_scaled, scale_grads=False)
        return self._made[1]

    def _shapes(self, rows: int, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
        """What goes in and what comes out, without content."""
        width, kind = self._learner.stream
        states_BTD = torch.empty(rows, tokens, width, dtype=kind, device="meta", requires_grad=True)
        ids_BT = torch.empty(rows, tokens, dtype=torch.long, device="meta")
        nats = torch.empty((), dtype=torch.float32, device="meta", requires_grad=True)
        return ids_BT if self._segment.is_first else states_BTD, nats if self._segment.is_last else states_BTD

    def _tied_weight(self) -> torch.nn.Parameter | None:
        """A head that is the embedding again, of which the first segment and the last hold a copy each."""
        is_at_end = self._segment.is_first or self._segment.is_last
        if self._segment.count == 1 or not is_at_end or not has_tied_head(self._learner.inner):
            return None
        weight: torch.nn.Parameter = self._learner.inner.get_output_embeddings().weight
        return weight if weight.requires_grad else None

    def _add_other_gradient(self) -> None:
        """Both copies get the sum of the embedding's gradient and the head's, so they stay equal."""
        if self._twice is None or self._twice.grad is None:
            return
        grad, group = self._twice.grad, self._segment.group
        own = (grad.to_local() if isinstance(grad, DTensor) else grad).contiguous()
        other, peer = torch.empty_like(own), self._segment.count - 1 if self._segment.is_first else 0
        exchange = [
            dist.P2POp(dist.isend, own, group=group, group_peer=peer),
            dist.P2POp(dist.irecv, other, group=group, group_peer=peer),
        ]
        for work in dist.batch_isend_irecv(exchange):
            work.wait()
        (grad.to_local() if isinstance(grad, DTensor) else grad).add_(other)


def even(
    batches: Sequence[TokenBatch], segments: int, agreed: Callable[[int], int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and targets (M, B, T) of the same rows in micro-batches of one size, none larger than the largest of `batches`.

    There are four for each segment where there are rows enough, and as many as segments at least, which torch asks for;
    `agreed` may raise their number.
    """
    size, longest = micro_batch(batches, segments)
    count = agreed(max(-(-_rows(batches) // size), segments))
    ids = torch.zeros(count * size, longest, dtype=torch.long)
    targets = torch.full_like(ids, IGNORED)
    at = 0
    for batch in batches:
        here = slice(at, at + len(batch.ids_BT)), slice(batch.ids_BT.shape[1])
        ids[here], targets[here] = batch.ids_BT, batch.targets_BT
        at += len(batch.ids_BT)
    return ids.view(count, size, longest), targets.view(count, size, longest)


def micro_batch(batches: Sequence[TokenBatch], segments: int) -> tuple[int, int]:
    """Rows and tokens of each micro-batch that `even` makes."""
    longest = max(batch.ids_BT.shape[1] for batch in batches)
    fitting = max(batch.padded_tokens for batch in batches) // longest
    return max(1, min(fitting, -(-_rows(batches) // (_MICRO_BATCHES_PER_SEGMENT * segments)))), longest


def _rows(batches: Sequence[TokenBatch]) -> int:
    return sum(len(batch.ids_BT) for batch in batches)


def _unlearnt(batch: Any) -> TokenBatch:
    """The same rows with nothing to learn: for a process that has no rows in a step."""
    return TokenBatch(batch.ids_BT, torch.full_like(batch.targets_BT, IGNORED))


class _Stage(PipelineStage):
    """torch's stage, each forward in a context of ours; the way back is outside of it."""

    def __init__(
        self,
        learner: CausalLearner,
        segment: Segment,
        device: torch.device,
        given: torch.Tensor,
        made: torch.Tensor,
        context: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__(
            learner, segment.number, segment.count, device, input_args=given, output_args=made, group=segment.group
        )
        self._context = context

    def forward_maybe_with_nosync(self, *args: Any, **kwargs: Any) -> Any:
        """Called by torch for each micro-batch."""
        with self._context():
            return super().forward_maybe_with_nosync(*args, **kwargs)  # type: ignore[no-untyped-call]


def _scaled(nats: torch.Tensor, targets_BT: torch.Tensor, factor: float) -> torch.Tensor:
    """The last segment has made the loss already: where FSDP has gathered the head's weights."""
    return nats * factor
