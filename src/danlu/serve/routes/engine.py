"""A language model as a served model: the conversation is rendered by our own template and continued by an engine.

The engine is opened at its first use. When its child dies, the request that ran in it is told 503 and the engine
starts it again for the next one.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Generator
from contextlib import closing

from danlu.core.errors import UserError, WorkFailed
from danlu.engines.protocol import Engine
from danlu.model.chat import ChatFormat
from danlu.serve.models import ChatRequest, End, Finish, FinishReason, Piece, Text, Usage
from danlu.serve.routes.detokenize import Detokenizer
from danlu.serve.routes.offered import RAW, refuse_beyond
from danlu.serve.wire.errors import ApiError, bad_value, context_too_long, unavailable

_log = logging.getLogger(__name__)


class ChatModel:
    """Continues conversations. `context_tokens` is what prompt and reply may take together."""

    def __init__(
        self,
        model_id: str,
        open_engine: Callable[[], Engine],
        chat: ChatFormat,
        context_tokens: int,
        default_max_tokens: int = 512,
    ) -> None:
        self.id = model_id
        self._open_engine = open_engine
        self._chat = chat
        self._context_tokens = context_tokens
        self._default_max_tokens = default_max_tokens
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._closed = False

    def count_tokens(self, text: str) -> int:
        """Tokens in a text."""
        return len(self._chat.encode(text))

    def reply(self, request: ChatRequest) -> Generator[Piece, None, None]:
        """Generate until a stop token, a stop string or the length limit."""
        refuse_beyond(request, frozenset({RAW}))
        prompt_ids = self._prompt_ids(request)
        max_tokens = self._max_tokens(len(prompt_ids), request.max_tokens)
        text = Detokenizer(self._chat.decode, request.stop)
        finish: FinishReason = "length"
        count = 0
        with closing(self._token_ids(prompt_ids, max_tokens, request)) as token_ids:
            for token_id in token_ids:
                count += 1
                if token_id in self._chat.stop_ids:
                    finish = "stop"
                    break
                # Also when it is empty: between two pieces the work can be cancelled.
                yield Text(text.feed(token_id))
                if text.stopped:
                    finish = "stop"
                    break
        yield Text(text.finish())
        yield Finish(finish)
        yield End(Usage(len(prompt_ids), max(1, count)))

    def close(self) -> None:
        """Close the engine for good."""
        with self._lock:
            self._closed = True
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _prompt_ids(self, request: ChatRequest) -> list[int]:
        if request.raw:
            return self._chat.encode(request.messages[0].content)
        try:
            return self._chat.prompt_ids([{"role": turn.role, "content": turn.content} for turn in request.messages])
        except UserError as error:
            # The template of this model cannot write such a conversation: only the caller can change that.
            raise bad_value("messages", error.message) from error

    def _max_tokens(self, prompt_tokens: int, asked: int | None) -> int:
        room = self._context_tokens - prompt_tokens
        if room < 1 or (asked is not None and asked > room):
            wanted = f"{prompt_tokens} in the messages, {asked or 1} in the completion"
            raise context_too_long(f"This model's maximum context length is {self._context_tokens} tokens; {wanted}.")
        return min(room, self._default_max_tokens) if asked is None else asked

    def _token_ids(self, prompt_ids: list[int], max_tokens: int, request: ChatRequest) -> Generator[int, None, None]:
        """What the engine generates; a failure of it is told as 503."""
        engine = self._opened()
        try:
            yield from engine.generate(
                prompt_ids,
                max_tokens=max_tokens,
                stop_ids=frozenset(self._chat.stop_ids),
                temperature=request.temperature or 0.0,
                top_p=1.0 if request.top_p is None else request.top_p,
                seed=secrets.randbits(31) if request.seed is None else request.seed % 2**31,
            )
        except WorkFailed as error:
            raise self._unavailable(error) from error

    def _opened(self) -> Engine:
        with self._lock:
            if self._closed:
                raise self._unavailable(WorkFailed("the server is stopping"))
            if self._engine is None:
                try:
                    self._engine = self._open_engine()
                except WorkFailed as error:
                    raise self._unavailable(error) from error
            return self._engine

    def _unavailable(self, error: WorkFailed) -> ApiError:
        _log.warning("%s: %s", self.id, error.message)
        return unavailable("engine_unavailable", f"The engine of '{self.id}' failed; try again.")
