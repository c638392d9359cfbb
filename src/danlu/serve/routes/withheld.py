"""A model that may have to stop being served while the server runs, to everyone or to some: asked before every reply."""

import logging
from collections.abc import Callable, Generator

from danlu.core.errors import DanluError
from danlu.serve.models import ChatRequest, Piece
from danlu.serve.routes.engine import ChatModel
from danlu.serve.wire.errors import forbidden, unavailable

_log = logging.getLogger(__name__)
_UNCERTAIN = "What this model learnt from, and who may see that, is not known now; the server's log says why."


class WithheldModel:
    """A blocking model with a reason not to serve it: empty while there is none.

    `reason` is why nobody is served; `closed_to` why somebody who is these principals is not; `worded` says an error for the log.
    """

    def __init__(
        self,
        model: ChatModel,
        reason: Callable[[], str],
        closed_to: Callable[[frozenset[str]], str],
        worded: Callable[[DanluError], str] = str,
    ) -> None:
        self._model = model
        self._reason = reason
        self._closed_to = closed_to
        self._worded = worded
        self.id = model.id

    def count_tokens(self, text: str) -> int:
        """Tokens in a text."""
        return self._model.count_tokens(text)

    def reply(self, request: ChatRequest) -> Generator[Piece, None, None]:
        """The model's reply; raises ApiError with the reason where there is one. A reply that has begun goes on to its end."""
        try:
            reason, closed = self._reason(), self._closed_to(request.caller.principals)
        except DanluError as error:
            _log.error("%s is not served: %s", self.id, self._worded(error))
            raise unavailable("model_withheld", _UNCERTAIN) from None
        if reason:
            raise unavailable("model_withheld", reason)
        if closed:
            raise forbidden("model_not_allowed", closed)
        yield from self._model.reply(request)

    def close(self) -> None:
        """Close the model."""
        self._model.close()
