"""One training in several processes, by torch's own pieces: fully sharded (FSDP2), tensor parallel, or both.

FSDP2 (Zhao et al. 2023, arXiv 2304.11277; torch's `fully_shard`): every process holds a share of each weight, of its gradient and of its
optimizer state, and gathers a layer's weights only while it computes with them; each process learns from its share of
the rows. With replicas (HSDP) a model is sharded inside each group of processes and the groups hold copies. Tensor
parallel (Shoeybi et al. 2019, arXiv 1909.08053): processes share the heads of attention and the columns of the
feed-forward layers, and learn from the same rows.

The processes are started by torchrun.
"""

import os
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

from danlu.core.errors import UserError, WorkFailed
from danlu.core.processes import Processes
from danlu.loop.feed import Part
from danlu.loop.layout import Layout

_COLUMNS = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
_ROWS = ("o_proj", "down_proj")
_PER_HEAD = ("q_norm", "k_norm")
"""Norms of Qwen3 and Gemma 3: each process would hold the gradient of its own heads, which nobody adds up."""


def join(processes: Processes) -> tuple[Layout, DeviceMesh]:
    """Become one of the processes of a training that torchrun started: gloo between processors, NCCL between GPUs.

    Raises UserError when their number is not that of the layout.
    """
    found = int(os.environ.get("WORLD_SIZE", "1"))
    if found != processes.count:
        raise UserError(
            "{found} processes were started, and {shards} shards × {replicas} replicas × {tensor} tensor parts are {count}",
            "Start as many as the product says: torchrun --nproc-per-node {count} …",
            found=found,
            shards=processes.shards,
            replicas=processes.replicas,
            tensor=processes.tensor,
            count=processes.count,
        )
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(kind, int(os.environ["LOCAL_RANK"])) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    sizes = (processes.replicas, processes.shards, processes.tensor)
    mesh = init_device_mesh(kind, sizes, mesh_dim_names=("replicas", "shards", "tensor"))
    rows = mesh["replicas", "shards"]._flatten("rows")
    part = Part(rows.get_local_rank(), rows.size())
    return Layout(device, part, rows.get_group()), mesh


def share(learner: torch.nn.Module, layers: Any, mesh: DeviceMesh) -> None:
    """Spread the weights of `learner`, whose repeated layers are `layers`, over the processes, in place.

    Raises UserError when the matrices cannot be parted evenly, WorkFailed when torch left a weight whole that should have been sharded.
    """
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


def held_here(learner: torch.nn.Module) -> int:
    """Numbers of the weights that lie in this process."""
    return sum(
        (weight.to_local() if isinstance(weight, DTensor) else weight).numel() for weight in learner.parameters()
    )


def _part_matrices(layer: torch.nn.Module, mesh: DeviceMesh) -> None:
    """By columns into a layer's middle and by rows out of it, so that one sum ends each half of a layer."""
    plan: dict[str, Any] = {}
    for name, module in layer.named_modules():
        last = name.rpartition(".")[2]
        if last in _PER_HEAD:
            raise UserError(
                "{name} works on each head alone, and tensor parallel would train it differently in each process",
                "Take shards instead of tensor parts: they hold for every model.",
                name=name,
            )
        if last in _COLUMNS:
            _check_even(name, _heads_of(layer, last, module), mesh.size())
            plan[name] = ColwiseParallel()
        elif last in _ROWS:
            plan[name] = RowwiseParallel()
    if not plan:
        raise UserError(
            "{layer} has no matrices that tensor parallel knows ({names})",
            "Take shards instead of tensor parts: they hold for every model.",
            layer=type(layer).__name__,
            names=", ".join((*_COLUMNS, *_ROWS)),
        )
    parallelize_module(layer, mesh, plan)


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
