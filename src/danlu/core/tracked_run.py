"""A training as a run of MLflow: parameters, curves, the machine, what it read and what it made.

Tracking is a witness: it never changes a training nor holds one up. All of it happens in a thread of its own; a tracker that cannot be
reached is told once, and the training goes on without it. A training that was killed and goes on continues the run of
the same key.
"""

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from danlu.core.artifacts import Artifact
from danlu.core.errors import DanluError
from danlu.core.machine import MIB, resident_bytes
from danlu.core.progress import Progress
from danlu.core.tracking import track_dataset, tracker

_SEND_EVERY_S = 2.0
_MACHINE_EVERY_S = 10.0
_LAST_WAIT_S = 20.0
"""What a training waits for its tracker at the end, and no longer."""
_KEY = "danlu.key"
_MOST_PARAMETER_CHARACTERS = 6000
_BATCH = 1000
"""Metrics that MLflow's servers take in one request."""


@dataclass(frozen=True)
class Told:
    """What a run says of itself at its start."""

    experiment: str
    name: str
    key: str
    """Names this very training; that of its checkpoints."""
    parameters: Mapping[str, Any]
    inputs: Sequence[Artifact] = ()


class TrackedRun:
    """Hears of each step (an observer of the loop) and passes it on to MLflow."""

    def __init__(self, uri: str, told: Told, progress: Progress) -> None:
        self._uri, self._told, self._progress = uri, told, progress
        self._waiting: queue.SimpleQueue[tuple[str, float, int, int] | None] = queue.SimpleQueue()
        self._made: Mapping[str, Any] | None = None
        self._status = "FAILED"
        self._looked = float("-inf")
        self.id = ""
        """Of the run, once there is one."""
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def __call__(self, facts: Any) -> None:
        """After a step: danlu.loop.loop.StepFacts."""
        now = _now_ms()
        curves = {
            "loss": facts.loss, "learning_rate": facts.learning_rate, "gradient_norm": facts.gradient_norm,
            "tokens_per_s": facts.tokens / max(facts.wall_s, 1e-9),
        }  # fmt: skip
        if facts.score is not None:
            curves["validation_loss"] = facts.score
        for name, value in curves.items():
            self._waiting.put((name, float(value), now, facts.done))

    def finish(self, made: Mapping[str, Any]) -> None:
        """The training is done: `made` says what it left (path, id, hash)."""
        self._made, self._status = made, "FINISHED"

    def __enter__(self) -> "TrackedRun":
        return self

    def __exit__(self, *_: object) -> None:
        """Send what is left, for a bounded time."""
        self._waiting.put(None)
        self._thread.join(_LAST_WAIT_S)
        if self._thread.is_alive():
            self._tell("no answer")

    def _tell(self, problem: object) -> None:
        self._progress.line(f"tracking: {self._uri} cannot be used ({problem}); the training goes on without it")

    def _work(self) -> None:
        try:
            client, experiment = self._open()
            while self._send(client):
                pass
            self._close(client, experiment)
        except DanluError as error:
            self._tell(error.message)
        except Exception as error:  # noqa: BLE001 - a tracker has many ways to fail, and none may end a training
            self._tell(str(error).splitlines()[0] if str(error) else type(error).__name__)

    def _open(self) -> tuple[Any, str]:
        """The run of this key that is not finished, or a new one."""
        from mlflow.entities import Param

        client = tracker(self._uri)
        found = client.get_experiment_by_name(self._told.experiment)
        experiment = found.experiment_id if found else client.create_experiment(self._told.experiment)
        wanted = f"tags.`{_KEY}` = '{self._told.key}' and attributes.status != 'FINISHED'"
        earlier = client.search_runs([experiment], wanted, max_results=1)
        if earlier:
            self.id = earlier[0].info.run_id
            client.update_run(self.id, status="RUNNING")
            return client, experiment
        run = client.create_run(experiment, run_name=self._told.name, tags={_KEY: self._told.key})
        self.id = run.info.run_id
        parameters = [
            Param(name, str(value)[:_MOST_PARAMETER_CHARACTERS]) for name, value in self._told.parameters.items()
        ]
        client.log_batch(self.id, params=parameters)
        for artifact in self._told.inputs:
            track_dataset(client, self.id, artifact, "training")
        return client, experiment

    def _send(self, client: Any) -> bool:
        """Gather for some seconds and send; False after the last."""
        from mlflow.entities import Metric

        gathered: list[tuple[str, float, int, int]] = []
        is_last, until = False, time.monotonic() + _SEND_EVERY_S
        while not is_last and len(gathered) < _BATCH - len(_machine()) and (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                one = self._waiting.get(timeout=left)
                is_last = one is None
                if one is not None:
                    gathered.append(one)
        if is_last or time.monotonic() - self._looked > _MACHINE_EVERY_S:
            self._looked = time.monotonic()
            step = gathered[-1][3] if gathered else 0
            gathered += [(f"system/{name}", value, _now_ms(), step) for name, value in _machine().items()]
        if gathered:
            client.log_batch(self.id, metrics=[Metric(*one) for one in gathered])
        return not is_last

    def _close(self, client: Any, experiment: str) -> None:
        if self._made is not None:
            self._log_model(client, experiment, self._made)
        client.set_terminated(self.id, status=self._status)

    def _log_model(self, client: Any, experiment: str, made: Mapping[str, Any]) -> None:
        """A link to the model, with what goes in and out of it; its files stay where they are."""
        from mlflow.entities import LoggedModelOutput

        signature = {
            "inputs": [{"type": "tensor", "name": "input_ids", "dtype": "int64", "shape": [-1, -1]}],
            "outputs": [{"type": "tensor", "name": "logits", "dtype": "float32", "shape": [-1, -1, -1]}],
        }
        tags = {f"danlu.{name}": str(value) for name, value in made.items()} | {"signature": json.dumps(signature)}
        model = client.create_logged_model(experiment, name=self._told.name, source_run_id=self.id, tags=tags)
        client.log_outputs(self.id, [LoggedModelOutput(model.model_id, step=0)])
        client.finalize_logged_model(model.model_id, "READY")


def _now_ms() -> int:
    return int(time.time() * 1000)


def _machine() -> dict[str, float]:
    """Memory of this process, processor time since it started, load of the machine; the GPU's memory where torch has one."""
    used = os.times()
    facts = {"process_memory_mb": resident_bytes() / MIB, "process_cpu_s": used.user + used.system}
    with suppress(OSError):
        facts["load_average_1m"] = os.getloadavg()[0]
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        facts["gpu_memory_mb"] = torch.cuda.memory_reserved() / MIB
    return facts
