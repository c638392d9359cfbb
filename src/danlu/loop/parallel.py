"""One training in several processes, by torch's own pieces: fully sharded (FSDP2), tensor parallel, a pipeline, or several of them.

FSDP2 (Zhao et al. 2023, arXiv 2304.11277; torch's `fully_shard`): every process holds a share of each weight, of its gradient and of its
optimizer state, and gathers a layer's weights only while it computes with them; each process learns from its share of
the rows. With replicas (HSDP) a model is sharded inside each group of processes and the groups hold copies. Tensor
parallel (Shoeybi et al. 2019, arXiv 1909.08053): processes share the heads of attention and the columns of the
feed-forward layers, and learn from the same rows. In a pipeline (`danlu.loop.pipeline`) they hold runs of whole layers.

Each process begins with the whole model in its memory, and keeps its share.
The processes are started by danlu.loop.launch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

from danlu.core.errors import UserError, WorkFailed
from danlu.core.processes import Processes
from danlu.loop.causal import CausalLearner
from danlu.loop.feed import Part
from danlu.loop.head_norms import NAMES as _PER_HEAD
from danlu.loop.layout import Layout, single
from danlu.loop.segment import Segment, cut, has_tied_head, not_for

_COLUMNS = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
_ROWS = ("o_proj", "down_proj")


def join(processes: Processes) -> tuple[Layout, DeviceMesh]:
    """Become one of the processes of a training that were started for it: gloo between processors, NCCL between GPUs.

    Raises UserError when their number is not that of the layout.
    """
    found = int(os.environ.get("WORLD_SIZE", "1"))
    if found != processes.count:
        raise UserError(
            "{found} processes were started, and {shards} shards × {replicas} replicas × {tensor} tensor parts × {pipeline} parts of a pipeline are {count}",
            "Start as many as the product says.",
            found=found,
            shards=processes.shards,
            replicas=processes.replicas,
            tensor=processes.tensor,
            pipeline=processes.pipeline,
            count=processes.count,
        )
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(kind, int(os.environ["LOCAL_RANK"])) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        _check_enough(int(os.environ["LOCAL_WORLD_SIZE"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    # Neighbours are most often on one machine: those who say most to one another come last.
    sizes = (processes.pipeline, processes.replicas, processes.shards, processes.tensor)
    mesh = init_device_mesh(kind, sizes, mesh_dim_names=("pipeline", "replicas", "shards", "tensor"))
    rows = mesh["replicas", "shards"]._flatten("rows")
    part = Part(rows.get_local_rank(), rows.size())
    segment = _segment(mesh["pipeline"]) if processes.pipeline > 1 else None
    tensor = mesh["tensor"].get_group() if processes.tensor > 1 else None
    return Layout(device, part, rows.get_group(), processes.zero, segment, tensor, str(processes)), mesh


def _check_enough(processes_here: int) -> None:
    """Raises UserError when there are fewer graphics processors than processes on this machine."""
    if processes_here > torch.cuda.device_count():
        raise UserError(
            "{processes} processes on this machine need a graphics processor each, and there are {found}",
            "Start fewer, or spread them over more machines with --machines.",
            processes=processes_here,
            found=torch.cuda.device_count(),
        )


@contextmanager
def placed(learner: torch.nn.Module, processes: Processes) -> Iterator[Layout]:
    """Where this process trains `learner`: alone, or with its share of the weights and rows among `processes`."""
    if processes.count == 1:
        yield single()
        return
    layout, mesh = join(processes)
    try:
        if layout.zero:  # DeepSpeed parts the weights itself, with the optimizer
            learner.to(layout.device)
        else:  # layer by layer, so that the whole model need not fit where a share of it does
            share(learner, repeated_layers(learner), mesh)
        yield layout
    finally:
        dist.destroy_process_group()


def repeated_layers(learner: torch.nn.Module) -> list[torch.nn.Module]:
    """The layers of a model of Transformers: what its outermost lists of modules hold."""
    lists = [name for name, module in learner.named_modules() if isinstance(module, torch.nn.ModuleList)]
    outermost = [name for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    return [layer for name in outermost for layer in learner.get_submodule(name).children()]


def share(learner: torch.nn.Module, layers: Any, mesh: DeviceMesh) -> None:
    """Spread the weights of `learner`, whose repeated layers are `layers`, over the processes, in place.

    Raises UserError when the matrices cannot be parted evenly, WorkFailed when torch left a weight whole that should have been sharded.
    """
    if mesh["pipeline"].size() > 1:
        layers = _cut(learner, layers, mesh["pipeline"])
    before = sum(weight.numel() for weight in learner.parameters())
    if mesh["tensor"].size() > 1:
        for layer in layers:
            _part_matrices(layer, mesh["tensor"])
    rows = mesh["shards"] if mesh["replicas"].size() == 1 else mesh["replicas", "shards"]
    if rows.size() > 1:
        for layer in layers:
            fully_shard(layer, mesh=rows)
        fully_shard(learner, mesh=rows)
    _check_shared(learner, mesh, before)


def reshard(learner: torch.nn.Module) -> None:
    """Let go of weights that an evaluation has gathered: FSDP keeps those outside of the layers for a way back that does not come.

    A checkpoint that is written meanwhile would miss the states of their optimizer, which belong to the shares.
    """
    for module in learner.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def held_here(learner: torch.nn.Module) -> int:
    """Numbers of the weights that lie in this process."""
    return sum(
        (weight.to_local() if isinstance(weight, DTensor) else weight).numel() for weight in learner.parameters()
    )


def _segment(mesh: DeviceMesh) -> Segment:
    return Segment(mesh.get_local_rank(), mesh.size(), mesh.get_group())


def _cut(learner: torch.nn.Module, layers: Any, mesh: DeviceMesh) -> list[torch.nn.Module]:
    """Leave the layers of this process's segment, and return them."""
    if not isinstance(learner, CausalLearner) or not learner.is_chunked:
        raise not_for(learner.model if isinstance(learner, CausalLearner) else learner)
    whole, segment, layers = _numbers(learner), _segment(mesh), list(layers)
    table = learner.inner.get_input_embeddings().weight.numel() if has_tied_head(learner.inner) else 0
    device = next(learner.parameters()).device
    cut(learner.inner, layers, segment)
    learner.segment = segment
    held = int(segment.total(torch.tensor(_numbers(learner), device=device)))
    if held != whole + table:
        raise WorkFailed(
            "the parts of the pipeline hold {held} numbers together, and the model has {whole}",
            held=held,
            whole=whole + table,
        )
    return segment.of(layers)


def _numbers(learner: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in learner.parameters())


def _part_matrices(layer: torch.nn.Module, mesh: DeviceMesh) -> None:
    """By columns into a layer's middle and by rows out of it, so that one sum ends each half of a layer."""
    plan: dict[str, Any] = {}
    for name, module in layer.named_modules():
        last = name.rpartition(".")[2]
        if last in _PER_HEAD:
            _check_per_head(layer, name, module)
        if last in _COLUMNS:
            _check_even(name, _heads_of(layer, last, module), mesh.size())
            plan[name] = ColwiseParallel()
        elif last in _ROWS:
            plan[name] = RowwiseParallel()
        if name in plan and type(module) is not torch.nn.Linear:
            raise UserError(
                "{name} is a {kind}, and tensor parallel parts plain matrices alone",
                "Take shards instead of tensor parts: they hold for every model, adapters too.",
                name=name,
                kind=type(module).__name__,
            )
    if not plan:
        raise UserError(
            "{layer} has no matrices that tensor parallel knows ({names})",
            "Take shards instead of tensor parts: they hold for every model.",
            layer=type(layer).__name__,
            names=", ".join((*_COLUMNS, *_ROWS)),
        )
    parallelize_module(layer, mesh, plan)


def _check_per_head(layer: Any, name: str, norm: Any) -> None:
    """A norm of each head alone is the same for all: the gradients of its weights are added up (`danlu.loop.head_norms`)."""
    if norm.weight.numel() != layer.self_attn.head_dim:
        raise UserError(
            "{name} works on all heads together, of which tensor parallel leaves each process a part",
            "Take shards instead of tensor parts: they hold for every model.",
            name=name,
        )


def _heads_of(layer: Any, name: str, module: Any) -> int:
    """What of a matrix is shared whole: heads of attention, single columns elsewhere."""
    return int(module.weight.shape[0]) // (layer.self_attn.head_dim if name in ("q_proj", "k_proj", "v_proj") else 1)


def _check_even(name: str, count: int, parts: int) -> None:
    if count % parts:
        raise UserError(
            "{name} has {count} heads or columns, which {parts} processes cannot share evenly",
            "Take a number of tensor parts that divides the heads of the model, those of keys and values too.",
            name=name,
            count=count,
            parts=parts,
        )


def _check_shared(learner: torch.nn.Module, mesh: DeviceMesh, before: int) -> None:
    """A library's processor path that silently keeps everything whole has been seen: what is promised is counted."""
    shards, held = mesh["shards"].size(), held_here(learner)
    if shards > 1 and held > before / shards * 1.5 + 1_000_000 / shards:
        raise WorkFailed(
            "the weights were to be shared by {shards} processes, and this one holds {held} of {whole} numbers",
            shards=shards,
            held=held,
            whole=before,
        )
