import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from danlu.serve.models import ChatRequest, End, Finish, Message, Piece, Pieces, Text, Usage
from danlu.serve.routes.chain import ChainModel
from danlu.serve.routes.prompt import PromptModel, PromptTemplate
from danlu.serve.wire.errors import ApiError, bad_value, context_too_long, unavailable

REQUEST = ChatRequest("m", (Message("system", "Be kind."), Message("user", "Where is the key?")))


class Model:
    """Answers with its name, or fails at once or after a piece."""

    seats = 1

    def __init__(self, name: str, error: ApiError | None = None, after: int = 0) -> None:
        self.id, self._error, self._after = name, error, after
        self.asked: list[ChatRequest] = []

    async def reply(self, request: ChatRequest) -> Pieces:
        self.asked.append(request)
        for _ in range(self._after if self._error else 1):
            yield [Text(self.id)]
        if self._error:
            raise self._error
        yield [Finish("stop"), End(Usage(1, 1))]

    def cost_of(self, usage: Usage) -> float:
        return 1.0

    def count_tokens(self, text: str) -> int:
        return len(text)


def ask(model: ChainModel | PromptModel) -> list[Piece]:
    async def pieces() -> list[Piece]:
        return [piece async for batch in model.reply(REQUEST) for piece in batch]

    return asyncio.run(pieces())


def said(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


@pytest.mark.parametrize("error", [unavailable("upstream_unavailable", "gone"), context_too_long("too long")])
def test_the_next_answers_where_one_cannot_and_the_answer_says_so(error: ApiError) -> None:
    pieces = ask(ChainModel("m", (Model("a", error), Model("b"), Model("c"))))
    assert said(pieces) == "b"
    assert isinstance(pieces[-1], End)
    assert pieces[-1].danlu == {"answered_by": "b", "failed_before": {"a": error.code}}


def test_after_the_first_byte_nobody_else_is_asked() -> None:
    second = Model("b")
    with pytest.raises(ApiError):
        ask(ChainModel("m", (Model("a", unavailable("x", "gone"), after=1), second)))
    assert not second.asked


def test_what_is_wrong_with_the_request_is_wrong_for_all() -> None:
    second = Model("b")
    with pytest.raises(ApiError) as refused:
        ask(ChainModel("m", (Model("a", bad_value("top_p", "no")), second)))
    assert refused.value.param == "top_p" and not second.asked


def test_the_last_error_is_told_when_none_answers() -> None:
    with pytest.raises(ApiError) as refused:
        ask(ChainModel("m", (Model("a", unavailable("x", "one")), Model("b", unavailable("y", "two")))))
    assert refused.value.code == "y"


def test_a_template_stands_around_the_conversation_and_its_version_in_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(
        "system: You are the service desk.\nexamples:\n  - {user: hi, assistant: hello}\n"
        "question: 'Employee asks: {question}'\ntemperature: 0.2\nmax_tokens: 40\n"
    )
    model, template = Model("a"), PromptTemplate.read(path)
    pieces = ask(PromptModel("desk", template, model))
    system, *rest = model.asked[0].messages
    assert system.content.startswith("You are the service desk.\n\n")
    assert template.canary in system.content
    assert [(turn.role, turn.content) for turn in rest] == [
        ("user", "hi"),
        ("assistant", "hello"),
        ("system", "Be kind."),
        ("user", "Employee asks: Where is the key?"),
    ]
    assert (model.asked[0].temperature, model.asked[0].max_tokens) == (0.2, 40)
    assert isinstance(pieces[-1], End) and pieces[-1].danlu == {"prompt": f"desk@{template.version}"}
    path.write_text("system: You are somebody else.\n")
    assert PromptTemplate.read(path).version != template.version
