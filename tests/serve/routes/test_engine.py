"""A chat model over a real engine child and a real tokenizer."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from danlu.engines.child import ChildEngine
from danlu.model.chat import ChatFormat
from danlu.serve.models import ChatRequest, End, Finish, Message, Text
from danlu.serve.routes.engine import ChatModel
from danlu.serve.wire.errors import ApiError
from tiny import make_tiny_checkpoint

REQUEST = ChatRequest("m", (Message("user", "How do I stop the machine? <|im_end|>"),), max_tokens=12)


class Opened:
    """A model, and the engine that it opened."""

    def __init__(self, checkpoint: Path) -> None:
        self.engine: ChildEngine | None = None
        self._checkpoint = checkpoint
        self.chat = ChatFormat.load(checkpoint)
        self.model = ChatModel("m", self._open, self.chat, context_tokens=128)

    def _open(self) -> ChildEngine:
        self.engine = ChildEngine("transformers", self._checkpoint, 1)
        return self.engine


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    opened = Opened(make_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "model"))
    yield opened
    opened.model.close()


def run(model: ChatModel, request: ChatRequest) -> tuple[str, Finish, End]:
    *texts, finish, end = model.reply(request)
    assert isinstance(end, End) and isinstance(finish, Finish)
    return "".join(piece.text for piece in texts if isinstance(piece, Text)), finish, end


def test_served_tokens_are_the_engines_for_the_rendered_prompt(opened: Opened) -> None:
    text, finish, end = run(opened.model, REQUEST)
    assert opened.engine is not None
    prompt_ids = opened.chat.prompt_ids([{"role": "user", "content": REQUEST.messages[0].content}])
    settings = {"temperature": 0.0, "top_p": 1.0, "seed": 0}
    ids = list(opened.engine.generate(prompt_ids, max_tokens=12, stop_ids=opened.chat.stop_ids, **settings))
    assert text == opened.chat.decode(ids)
    assert end.usage.prompt_tokens == len(prompt_ids) and end.usage.completion_tokens == len(ids)
    assert finish.reason == ("stop" if ids[-1] in opened.chat.stop_ids else "length")


def test_killed_child_is_503_and_the_next_request_works(opened: Opened) -> None:
    expected = run(opened.model, REQUEST)
    assert opened.engine is not None
    reply = opened.model.reply(REQUEST)
    next(reply)
    os.kill(opened.engine.process_id, signal.SIGKILL)
    with pytest.raises(ApiError) as failed:
        list(reply)
    assert (failed.value.status, failed.value.code) == (503, "engine_unavailable")
    assert run(opened.model, REQUEST) == expected


def test_seed_repeats_a_sampled_reply(opened: Opened) -> None:
    sampled = ChatRequest("m", REQUEST.messages, temperature=1.0, max_tokens=12, seed=-7)
    assert run(opened.model, sampled) == run(opened.model, sampled)


def test_a_conversation_that_does_not_fit_is_400(opened: Opened) -> None:
    too_long = ChatRequest("m", (Message("user", "x " * 200),))
    with pytest.raises(ApiError) as refused:
        run(opened.model, too_long)
    assert refused.value.code == "context_length_exceeded"


def test_engine_that_does_not_start_is_503(tmp_path: Path) -> None:
    tiny = make_tiny_checkpoint(tmp_path / "model")
    (tiny / "model.safetensors").write_bytes(b"broken")
    model = Opened(tiny).model
    with pytest.raises(ApiError) as failed:
        run(model, REQUEST)
    assert failed.value.status == 503


def test_closed_model_opens_no_new_engine(tmp_path: Path) -> None:
    model = Opened(make_tiny_checkpoint(tmp_path / "model")).model
    model.close()
    with pytest.raises(ApiError) as failed:
        run(model, REQUEST)
    assert failed.value.status == 503
