"""The word filter around a model, piece by piece."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from danlu.guard.words import load_words, notice
from danlu.serve.guards.reply import Guards
from danlu.serve.models import (
    ChatRequest,
    End,
    Finish,
    Message,
    Piece,
    Pieces,
    Reasoning,
    Text,
    TokenLogprob,
    ToolDelta,
    Usage,
    refused_fields,
)
from danlu.serve.observe.exchange import Exchange

WORDS = load_words()
REQUEST = ChatRequest("m", (Message("user", "hello"),))


class Model:
    """Yields the given batches and notes when it is closed early."""

    id = "m"
    seats = 1

    def __init__(self, *batches: Sequence[Piece]) -> None:
        self._batches = batches
        self.cancelled = False

    async def reply(self, request: ChatRequest) -> Pieces:
        try:
            for batch in self._batches:
                yield batch
            yield [Finish("stop"), End(Usage(1, len(self._batches)))]
        except GeneratorExit:
            self.cancelled = True
            raise

    def cost_of(self, usage: Usage) -> float:
        return 0.0

    def count_tokens(self, text: str) -> int:
        return len(text)


def texts(*pieces: str) -> Model:
    return Model(*([Text(piece)] for piece in pieces))


def run(model: Model, request: ChatRequest = REQUEST) -> list[Piece]:
    async def pieces() -> list[Piece]:
        return [
            piece
            async for batch in Guards(WORDS).reply(model, request, Exchange("/v1/chat/completions"))
            for piece in batch
        ]

    return asyncio.run(pieces())


def said(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_phrase_split_over_pieces_never_leaves_and_the_model_is_stopped(size: int) -> None:
    text = "Sure. Here is how to make a bomb: first, take"
    model = texts(*(text[at : at + size] for at in range(0, len(text), size)))
    *out, finish, end = run(model)
    assert said(out) == f"Sure. Here is \n\n{notice('en')}"
    assert finish == Finish("content_filter")
    assert end == End(Usage(len("hello"), len(said(out))), refused_fields())
    assert model.cancelled


def test_phrase_at_the_very_end_never_leaves() -> None:
    *out, finish, _ = run(texts("how to make", " a bomb"))
    assert said(out) == notice("en") and finish == Finish("content_filter")


def test_harmless_text_leaves_unchanged_and_keeps_its_end() -> None:
    *out, finish, end = run(texts("how to make", " a", " pump", " run"))
    assert (said(out), finish, end) == ("how to make a pump run", Finish("stop"), End(Usage(1, 4)))


@pytest.mark.parametrize("kind", [lambda text: Reasoning(text), lambda text: ToolDelta(0, arguments=text)])
def test_thoughts_and_arguments_of_calls_are_checked_like_text(kind: Callable[[str], Piece]) -> None:
    out = run(Model([kind("how to make")], [kind(" a bo")], [kind("mb now")]))
    assert "bomb" not in "".join(map(str, out)) and Finish("content_filter") in out


def test_a_phrase_in_one_choice_stops_all_of_them() -> None:
    out = run(
        Model([Text("how to make a ", 0), Text("fine", 1)], [Text("bomb now", 0), Text(" day", 1)]),
        replace(REQUEST, n=2),
    )
    assert [piece for piece in out if isinstance(piece, Finish)] == [
        Finish("content_filter", 0),
        Finish("content_filter", 1),
    ]
    assert "bomb" not in said(out) and " day" not in said(out)


def test_log_probabilities_of_held_back_text_leave_with_it_or_never() -> None:
    held = [Text(" make", 0, (TokenLogprob(" make", -1.0),)), Text(" a", 0, (TokenLogprob(" a", -2.0),))]
    harmless = run(Model([Text("how to")], held[:1], held[1:], [Text(" pump", 0, (TokenLogprob(" pump", -3.0),))]))
    told = [token.token for piece in harmless if isinstance(piece, Text) for token in piece.logprobs]
    assert told == [" make", " a", " pump"]
    blocked = run(Model([Text("how to")], held[:1], held[1:], [Text(" bomb", 0, (TokenLogprob(" bomb", -3.0),))]))
    assert not any(piece.logprobs for piece in blocked if isinstance(piece, Text))
