"""A segment of a decoder: a run of its whole layers, the others being in other processes (pipeline parallel).

A segment is the model of Transformers itself, in which what is elsewhere is replaced by modules that pass on what they
are given. So each weight keeps the name that it has in the whole model, and the checkpoints of one layout are those of all.
The first segment has the embeddings, the last has the closing norm and the head; a head that is the embedding again is in both.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from danlu.core.errors import UserError

_TRIED_IDS = (0, 1, 2, 3)
_TOLERANCE = 1e-3
"""Relative to the largest hidden number: sums are the same, in the same order."""
_ANY_FAULT = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
"""What a model says when it is called in a way that it was not written for."""


@dataclass(frozen=True)
class Segment:
    """Which run of layers a process has, and the processes that have the others."""

    number: int
    """From 0, in the order of the layers."""
    count: int
    group: Any = None
    """The processes that hold one model together, in the order of its layers."""

    @property
    def is_first(self) -> bool:
        """Whether it has the embeddings."""
        return self.number == 0

    @property
    def is_last(self) -> bool:
        """Whether it has the head, and so the loss."""
        return self.number == self.count - 1

    def of(self, layers: Sequence[Any]) -> list[Any]:
        """Its layers; the earlier segments have one more where they cannot be shared evenly, as the last has the head to do."""
        least, odd = divmod(len(layers), self.count)
        start = self.number * least + min(self.number, odd)
        return list(layers[start : start + least + (self.number < odd)])

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over the segments, in place, the same in each."""
        dist.all_reduce(value, group=self.group)
        return value

    def received(self, shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
        """What the segment before has sent on."""
        given = torch.empty(*shape, dtype=like.dtype, device=like.device)
        dist.recv(given, group=self.group, group_src=self.number - 1)
        return given

    def send_on(self, value: torch.Tensor) -> None:
        """To the next segment."""
        dist.send(value.contiguous(), group=self.group, group_dst=self.number + 1)


def cut(model: Any, layers: Sequence[torch.nn.Module], segment: Segment) -> None:
    """Leave in a decoder of Transformers, whose repeated layers are `layers`, those of one segment, in place.

    Raises UserError when there are fewer layers than segments, and for a model that does more between its layers than to
    pass hidden states on: all segments are tried one after the other before anything is cut.
    """
    if len(layers) < segment.count:
        raise UserError(
            "the model has {layers} layers, which {count} parts of a pipeline cannot share",
            "Take a pipeline of at most as many parts as there are layers.",
            layers=len(layers),
            count=segment.count,
        )
    try:
        is_equal = _pass_on_equally(model, layers, segment.count)
    except _ANY_FAULT as error:
        raise _not_cuttable(model) from error
    if not is_equal:
        raise _not_cuttable(model)
    for owner, name, stand_in in _stand_ins(model, layers, segment):
        setattr(owner, name, stand_in)


def hidden_states(model: Any, given: torch.Tensor) -> torch.Tensor:
    """What a segment makes of token ids, or of the hidden states of the segment before."""
    is_ids = not given.is_floating_point()
    inputs = {"input_ids": given} if is_ids else {"inputs_embeds": given}
    states: torch.Tensor = model.base_model(**inputs, use_cache=False).last_hidden_state
    return states


def has_tied_head(model: Any) -> bool:
    """Whether the head is the embedding again."""
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    return isinstance(head, torch.nn.Linear) and head.weight is embedding.weight


def not_for(learner: torch.nn.Module) -> UserError:
    """The refusal of a model or learner whose layers no pipeline can share."""
    return UserError(
        "a pipeline parts decoders with a plain head, and this is {learner}",
        "Take shards instead of a pipeline: they hold for every model.",
        learner=type(learner).__name__,
    )


class _Passing(torch.nn.Module):
    """Stands where a layer, the closing norm, the head or a dropout is elsewhere."""

    def forward(self, given: torch.Tensor, *unused: Any, **also_unused: Any) -> torch.Tensor:
        """What it was given."""
        return given


class _NoEmbedding(torch.nn.Embedding):
    """Stands where embeddings are elsewhere; positions were added there. It keeps its size, by which heads are told from other matrices."""

    def __init__(self, whole: torch.nn.Embedding) -> None:
        torch.nn.Module.__init__(self)
        self.num_embeddings, self.embedding_dim = whole.num_embeddings, whole.embedding_dim
        self.register_parameter("weight", None)
        self._kind = whole.weight.dtype

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Nothing, to be added to hidden states."""
        return torch.zeros(*ids.shape, self.embedding_dim, dtype=self._kind, device=ids.device)

    def extra_repr(self) -> str:
        """For those who print the model."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


Place = tuple[torch.nn.Module, str, torch.nn.Module]
"""A module, the name of one that it holds, and what stands there."""


def _stand_ins(model: Any, layers: Sequence[torch.nn.Module], segment: Segment) -> Iterator[Place]:
    """What replaces all that is in other segments."""
    held = {id(layer) for layer in segment.of(layers)}
    places = {id(child): (owner, name) for owner in model.modules() for name, child in owner.named_children()}
    for layer in layers:
        if id(layer) not in held:
            yield *places[id(layer)], _Passing()
    column, _ = places[id(layers[0])]
    body, _ = places[id(column)]
    embedding, is_tied = model.get_input_embeddings(), has_tied_head(model)
    has_table = segment.is_first or (segment.is_last and is_tied)
    for name, child in body.named_children():
        if isinstance(child, torch.nn.Embedding):
            if not (has_table if child is embedding else segment.is_first):
                yield body, name, _NoEmbedding(child)
        elif isinstance(child, torch.nn.Dropout):
            if not segment.is_first:
                yield body, name, _Passing()
        elif child is not column and any(True for _ in child.parameters()) and not segment.is_last:
            yield body, name, _Passing()
    if not (segment.is_last or (segment.is_first and is_tied)):
        yield *places[id(model.get_output_embeddings())], _Passing()


def _pass_on_equally(model: Any, layers: Sequence[torch.nn.Module], count: int) -> bool:
    """Whether all segments, one after the other, say what the whole model says of four tokens."""
    ids = torch.tensor([_TRIED_IDS], device=model.device) % model.get_input_embeddings().num_embeddings
    was_training = model.training
    model.eval()
    with torch.no_grad():
        whole, states = hidden_states(model, ids), ids
        for number in range(count):
            with _as_segment(model, layers, Segment(number, count)):
                states = hidden_states(model, states)
    model.train(was_training)
    return bool((states - whole).abs().max() <= _TOLERANCE * whole.abs().max())


@contextmanager
def _as_segment(model: Any, layers: Sequence[torch.nn.Module], segment: Segment) -> Iterator[None]:
    """The model as one of its segments, for a trial."""
    places = list(_stand_ins(model, layers, segment))
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    try:
        for owner, name, stand_in in places:
            setattr(owner, name, stand_in)
        yield
    finally:
        for owner, name, module in before:
            setattr(owner, name, module)


def _not_cuttable(model: Any) -> UserError:
    return UserError(
        "{model} cannot be cut between its layers: it does more there than to pass hidden states on",
        "Take shards instead of a pipeline: they hold for every model.",
        model=type(model).__name__,
    )
