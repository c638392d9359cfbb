"""A chain of models: the first that begins to answer is the one that answers; the next is asked only before the first byte.

What is wrong with the request itself is no reason to ask another model; a prompt that is too long for one may fit the next.
"""

from contextlib import aclosing

from danlu.serve.models import ChatRequest, End, Piece, Pieces, ServedModel, Usage
from danlu.serve.routes.upstream.tokens import estimated_tokens
from danlu.serve.wire.errors import ApiError

_OTHERS_MAY_ANSWER = frozenset({429, 500, 502, 503, 504})
_TOO_LONG = "context_length_exceeded"


class ChainModel:
    """Asks `models` in order. The answer's own fields name who gave it, and why those before did not."""

    def __init__(self, model_id: str, models: tuple[ServedModel, ...]) -> None:
        self.id = model_id
        self._models = models
        self.seats = max(model.seats for model in models)

    def count_tokens(self, text: str) -> int:
        """See ServedModel: who will answer is not known yet."""
        return estimated_tokens(text)

    def cost_of(self, usage: Usage) -> float:
        """See ServedModel: the dearest may answer."""
        return max(model.cost_of(usage) for model in self._models)

    async def reply(self, request: ChatRequest) -> Pieces:
        """See ServedModel; raises the error of the last model when none answers."""
        failed: dict[str, str] = {}
        for model in self._models:
            begun = False
            try:
                async with aclosing(model.reply(request)) as batches:
                    async for batch in batches:
                        begun = True
                        yield [_told(piece, model.id, failed) for piece in batch]
                return
            except ApiError as error:
                if begun or model is self._models[-1] or not _may_fall_back(error):
                    raise
                failed[model.id] = error.code or str(error.status)


def _may_fall_back(error: ApiError) -> bool:
    return error.status in _OTHERS_MAY_ANSWER or error.code == _TOO_LONG


def _told(piece: Piece, by: str, failed: dict[str, str]) -> Piece:
    if not isinstance(piece, End):
        return piece
    own = {"answered_by": by} | ({"failed_before": dict(failed)} if failed else {})
    return piece._replace(danlu={**own, **(piece.danlu or {})})
