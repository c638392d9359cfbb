"""The steps of a trainer of TRL, for those who look at a training: curves and trackers."""

import time
from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

from danlu.core.stages import Observer
from danlu.loop.loop import StepFacts


class Telling(TrainerCallback):
    """Tells observers of each step what the loop tells them."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self._tokens, self._since = 0, time.perf_counter()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Trainers log each step, and sums once more at the end."""
        if "loss" not in logs:
            return
        tokens, now = int(logs.get("num_tokens", 0)), time.perf_counter()
        rate, norm = logs["learning_rate"], logs["grad_norm"]
        facts = StepFacts(state.global_step, logs["loss"], rate, norm, tokens - self._tokens, now - self._since)
        self._tokens, self._since = tokens, now
        for observe in self._observers:
            observe(facts)
