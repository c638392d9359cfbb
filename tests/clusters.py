"""Two machines of a Ray cluster on this one: two raylets, each with one CPU."""

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest import mock

import pytest

import danlu
from danlu.core.cluster import code_hash

_SMALL: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80_000_000}


class TwoMachines:
    """They end with the context: each process by its id, since other clusters may run here."""

    def __init__(self) -> None:
        pytest.importorskip("ray")
        from ray.cluster_utils import Cluster

        # Workers inherit their path from the raylet. They run a copy of danlu, as it is now: a file that is edited while
        # tests run would make them another danlu than the one that plans.
        self._copy = tempfile.TemporaryDirectory(prefix="danlu-test-cluster-")
        shutil.copytree(Path(danlu.__path__[0]), Path(self._copy.name) / "danlu")
        code_hash.cache_clear()
        code_hash()
        with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join([self._copy.name, str(Path(__file__).parent)])):
            self._cluster = Cluster(
                initialize_head=True, connect=False, head_node_args={**_SMALL, "include_dashboard": False}
            )
            self._second = self._cluster.add_node(**_SMALL)

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return str(self._cluster.address)

    def lose_one(self) -> None:
        """Kill the second machine's raylet with SIGKILL."""
        self._cluster.remove_node(self._second, allow_graceful=False)

    def busy_workers(self) -> list[int]:
        """Processes of both machines that hold a shard: Ray names a process by what it does."""
        raylets = {node.all_processes["raylet"][0].process.pid for node in self._cluster.list_all_nodes()}
        return [pid for pid in _pids() if _is_busy(pid, raylets)]

    def __enter__(self) -> "TwoMachines":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._cluster.shutdown()
        self._copy.cleanup()


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _is_busy(pid: int, raylets: set[int]) -> bool:
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return parent in raylets and Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::_on_worker")
    except (FileNotFoundError, ProcessLookupError):
        return False
