"""The models that a gateway offers, and the seats of each."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from danlu.serve.gateway.admission import Admission
from danlu.serve.gateway.settings import Settings
from danlu.serve.models import Caller, Encoder, EncoderTask, Offered, ServedModel
from danlu.serve.observe.metrics import Reading
from danlu.serve.wire.chat import model_shape
from danlu.serve.wire.errors import ApiError

_PATHS = {"chat": "/v1/chat/completions", "embedding": "/v1/embeddings", "rerank": "/v1/rerank"}


class Offer:
    """By name."""

    def __init__(self, models: Sequence[ServedModel], encoders: Sequence[Encoder], limits: Settings) -> None:
        self._models = {model.id: model for model in models}
        self._encoders = {encoder.id: encoder for encoder in encoders}
        self._all: dict[str, Offered] = {**self._models, **self._encoders}
        self.seats = {
            name: Admission(model.seats, limits.max_waiting, limits.max_waiting_per_key)
            for name, model in self._all.items()
        }
        self._created = int(time.time())

    def model(self, model_id: str, caller: Caller) -> ServedModel:
        """The model of this name that answers in text. Raises ApiError 404 where it does not exist for this caller, 400 for an encoder."""
        self._known(model_id, caller)
        if model_id in self._encoders:
            raise _of_another_kind(model_id, self._encoders[model_id].task)
        return self._models[model_id]

    def encoder(self, model_id: str, task: EncoderTask, caller: Caller) -> Encoder:
        """The encoder of this name. Raises as `model` does."""
        self._known(model_id, caller)
        encoder = self._encoders.get(model_id)
        if encoder is None or encoder.task != task:
            raise _of_another_kind(model_id, encoder.task if encoder else "chat")
        return encoder

    def shape(self, model_id: str, caller: Caller) -> dict[str, Any]:
        """One of them, as `/v1/models` shows it. Raises as `model` does."""
        self._known(model_id, caller)
        return model_shape(model_id, self._created)

    def shapes(self, caller: Caller) -> list[dict[str, Any]]:
        """Those that the caller may use, the bot first. Nobody else is asked for them: a dead server does not delay it."""
        return [model_shape(name, self._created) for name in self._all if caller.may_use(name)]

    def gauges(self) -> Iterator[Reading]:
        """What is true of them at the moment."""
        for name, seats in self.seats.items():
            yield "danlu_running", (name,), seats.running
            yield "danlu_waiting", (name,), seats.waiting
            yield "danlu_seats", (name,), self._all[name].seats
            yield "danlu_circuit_open", (name,), float(getattr(self._all[name], "circuit_open", False))

    def _known(self, model_id: str, caller: Caller) -> None:
        if model_id not in self._all or not caller.may_use(model_id):
            known = ", ".join(name for name in self._all if caller.may_use(name))
            message = f"The model '{model_id}' does not exist for this key; there are: {known}."
            raise ApiError(404, message, code="model_not_found", param="model")


def _of_another_kind(model_id: str, task: str) -> ApiError:
    message = f"The model '{model_id}' does something else: ask it by {_PATHS[task]}."
    return ApiError(400, message, code="model_not_supported", param="model")
