"""Models that block, on the event loop: each reply is made in a thread of its own, which hands its pieces over.

The threads are daemons, so that work which cannot be interrupted never keeps the process from ending.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Generator
from typing import Protocol

from danlu.serve.models import ChatRequest, Piece, Pieces, Text, Usage
from danlu.serve.routes.mailbox import Mailbox
from danlu.serve.wire.errors import ApiError, internal_error

_Item = Piece | ApiError | None
_log = logging.getLogger(__name__)


class BlockingModel(Protocol):
    """A model whose methods block, and are called from several threads."""

    @property
    def id(self) -> str:
        """The name that requests use."""

    def reply(self, request: ChatRequest) -> Generator[Piece, None, None]:
        """As ServedModel has it, piece by piece; an empty text where the work can be cancelled."""

    def count_tokens(self, text: str) -> int:
        """As ServedModel has it."""

    def close(self) -> None:
        """Let go of what it holds."""


class Threaded:
    """A blocking model as a served one."""

    def __init__(self, model: BlockingModel, seats: int) -> None:
        """`seats`: threads at the same time."""
        self.id = model.id
        self.seats = seats
        self.count_tokens = model.count_tokens
        self._model = model

    def cost_of(self, usage: Usage) -> float:
        """See ServedModel: our own machine is not billed by the token."""
        return 0.0

    async def reply(self, request: ChatRequest) -> Pieces:
        """See ServedModel; closing this generator closes the model's at its next piece."""
        mailbox: Mailbox[_Item] = Mailbox(asyncio.get_running_loop())
        gone, ended = threading.Event(), asyncio.get_running_loop().create_future()
        arguments = (self._model, request, mailbox, gone, ended)
        threading.Thread(target=_work, args=arguments, daemon=True).start()
        try:
            while True:
                items = await mailbox.get()
                if pieces := [item for item in items if item is not None and not isinstance(item, ApiError)]:
                    yield pieces
                if isinstance(items[-1], ApiError):
                    raise items[-1]
                if items[-1] is None:
                    return
        finally:
            gone.set()
            # The seat of this reply is free only when its thread is: a model that is slow to let go is still at work.
            await asyncio.shield(ended)

    async def aclose(self) -> None:
        """Let go of what the model holds."""
        await asyncio.to_thread(self._model.close)


def _work(
    model: BlockingModel,
    request: ChatRequest,
    mailbox: "Mailbox[_Item]",
    gone: threading.Event,
    ended: "asyncio.Future[None]",
) -> None:
    _hand_over(model, request, mailbox, gone)
    # The loop is closed already when the server ends first: then nobody waits.
    with contextlib.suppress(RuntimeError):
        ended.get_loop().call_soon_threadsafe(_end, ended)


def _end(ended: "asyncio.Future[None]") -> None:
    if not ended.done():
        ended.set_result(None)


def _hand_over(model: BlockingModel, request: ChatRequest, mailbox: "Mailbox[_Item]", gone: threading.Event) -> None:
    """Send every piece, then None or the error; stop early when nobody reads any more."""
    try:
        with contextlib.closing(model.reply(request)) as pieces:
            for piece in pieces:
                if gone.is_set():
                    return
                if piece != Text(""):
                    mailbox.put(piece)
        mailbox.put(None)
    except ApiError as error:
        mailbox.put(error)
    except Exception:  # noqa: BLE001 (logged here, told as 500)
        _log.exception("a reply of %s failed", model.id)
        mailbox.put(internal_error())
