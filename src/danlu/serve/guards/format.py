"""An answer that was asked for in a format is checked against it before its end is told, whatever the engine promised."""

from contextlib import aclosing

from danlu.serve.models import ChatRequest, Finish, Pieces, Text
from danlu.serve.wire.formats import check_text


async def of_format(pieces: Pieces, request: ChatRequest) -> Pieces:
    """The pieces; raises ApiError 502 instead of the end of a choice that is not of the format. One that was cut by its length is not checked."""
    texts: dict[int, list[str]] = {}
    async with aclosing(pieces) as batches:
        async for batch in batches:
            for piece in batch:
                if isinstance(piece, Text):
                    texts.setdefault(piece.choice, []).append(piece.text)
                elif isinstance(piece, Finish) and piece.reason == "stop":
                    check_text("".join(texts.get(piece.choice, ())), request.format)
            yield batch
