"""The models that a gateway offers, and the seats of each."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from danlu.serve.gateway.admission import Admission
from danlu.serve.gateway.settings import Settings
from danlu.serve.models import Caller, ServedModel
from danlu.serve.observe.metrics import Reading
from danlu.serve.wire.chat import model_shape
from danlu.serve.wire.errors import ApiError


class Offer:
    """By name."""

    def __init__(self, models: Sequence[ServedModel], limits: Settings) -> None:
        self._models = {model.id: model for model in models}
        self.seats = {
            model.id: Admission(model.seats, limits.max_waiting, limits.max_waiting_per_key) for model in models
        }
        self._created = int(time.time())

    def model(self, model_id: str, caller: Caller) -> ServedModel:
        """The model of this name. Raises ApiError 404 where it does not exist for this caller."""
        if model_id not in self._models or not caller.may_use(model_id):
            known = ", ".join(name for name in self._models if caller.may_use(name))
            message = f"The model '{model_id}' does not exist for this key; there are: {known}."
            raise ApiError(404, message, code="model_not_found", param="model")
        return self._models[model_id]

    def shape(self, model_id: str, caller: Caller) -> dict[str, Any]:
        """One of them, as `/v1/models` shows it. Raises as `model` does."""
        return model_shape(self.model(model_id, caller).id, self._created)

    def shapes(self, caller: Caller) -> list[dict[str, Any]]:
        """Those that the caller may use, the bot first. Nobody else is asked for them: a dead server does not delay it."""
        return [model_shape(name, self._created) for name in self._models if caller.may_use(name)]

    def gauges(self) -> Iterator[Reading]:
        """What is true of them at the moment."""
        for name, seats in self.seats.items():
            yield "danlu_running", (name,), seats.running
            yield "danlu_waiting", (name,), seats.waiting
            yield "danlu_seats", (name,), self._models[name].seats
            yield "danlu_circuit_open", (name,), float(getattr(self._models[name], "circuit_open", False))
