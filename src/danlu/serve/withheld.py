"""A model that may have to stop being served while the server runs: asked before every reply."""

from collections.abc import Callable

from danlu.serve.chat_model import ChatModel
from danlu.serve.errors import unavailable
from danlu.serve.models import ChatRequest, Pieces


class WithheldModel:
    """A served model (the ServedModel protocol) with a reason not to serve it: empty while there is none."""

    def __init__(self, model: ChatModel, reason: Callable[[], str]) -> None:
        self._model = model
        self._reason = reason
        self.id = model.id

    def count_tokens(self, text: str) -> int:
        """Tokens in a text."""
        return self._model.count_tokens(text)

    def reply(self, request: ChatRequest) -> Pieces:
        """The model's reply; raises ApiError with the reason where there is one. A reply that has begun goes on to its end."""
        if reason := self._reason():
            raise unavailable("model_withheld", reason)
        yield from self._model.reply(request)

    def close(self) -> None:
        """Close the model."""
        self._model.close()
