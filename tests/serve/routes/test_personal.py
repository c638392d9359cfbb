"""Personal data does not reach the model's server, and stands in the answer again."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.serve.models import ChatRequest, End, Finish, Message, Piece, Pieces, Text, ToolCall, ToolDelta, Usage
from danlu.serve.routes.personal import Masks, PersonalModel, Restorer
from danlu.serve.routes.upstream.marks import harmless

PHONE, MAIL = "13812345678", "li.lei@example.com"


class Echo:
    """Says what it was told, cut into pieces."""

    id, seats = "echo", 1

    def __init__(self, size: int, call: bool = False) -> None:
        self.seen: list[ChatRequest] = []
        self._size = size
        self._call = call

    def cost_of(self, usage: Usage) -> float:
        return 0.0

    def count_tokens(self, text: str) -> int:
        return len(text)

    async def reply(self, request: ChatRequest) -> Pieces:
        self.seen.append(request)
        text = request.messages[-1].content
        for start in range(0, len(text), self._size):
            piece = text[start : start + self._size]
            yield [ToolDelta(0, arguments=piece) if self._call else Text(piece)]
        yield [Finish("stop"), End(Usage(1, 1))]


def run(model: PersonalModel, *messages: Message) -> Sequence[Piece]:
    async def pieces() -> list[Piece]:
        return [piece async for batch in model.reply(ChatRequest("echo", messages)) for piece in batch]

    return asyncio.run(pieces())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("call", [False, True])
def test_what_was_masked_comes_back_however_it_is_cut(size: int, call: bool) -> None:
    said = f"我的手机号是{PHONE}，邮箱 {MAIL}，再说一遍 {PHONE}。[注] a[0] [PHONE"
    echo = Echo(size, call)
    out = run(PersonalModel(echo), Message("user", said))
    [seen] = echo.seen
    assert PHONE not in seen.messages[0].content
    assert MAIL not in seen.messages[0].content
    assert seen.messages[0].content.count("[PHONE_1]") == 2
    assert "".join(piece.arguments if call else piece.text for piece in out if isinstance(piece, ToolDelta | Text)) == said  # fmt: skip
    assert out[-1].verdicts == (("personal", "mask"),)


def test_calls_of_earlier_turns_are_masked_too() -> None:
    echo = Echo(9)
    turn = Message("assistant", "", (ToolCall("c1", "dial", f'{{"number": "{PHONE}"}}'),))
    run(PersonalModel(echo), Message("user", f"Dial {PHONE}"), turn, Message("tool", "done", tool_call_id="c1"))
    assert PHONE not in repr(echo.seen)
    assert "[PHONE_1]" in echo.seen[0].messages[1].tool_calls[0].arguments


def test_a_request_without_personal_data_is_sent_as_it_is() -> None:
    echo = Echo(5)
    out = run(PersonalModel(echo), Message("user", "What is the rule for [PHONE_1]?"))
    assert echo.seen[0].messages[0].content == "What is the rule for [PHONE_1]?"
    assert out[-1].verdicts == ()


def test_a_mask_that_the_caller_wrote_himself_stays_his_own() -> None:
    masks = Masks([f"[PHONE_1] is not {PHONE}"])
    assert masks.masked(0, f"[PHONE_1] is not {PHONE}") == "[PHONE_1] is not [PHONE_2]"


@given(st.lists(st.sampled_from(["[", "]", "PHONE", "_", "1", "[PHONE_1]", "a", "号"]), max_size=12), st.data())
def test_restoring_a_stream_equals_restoring_the_whole(parts: list[str], data: st.DataObject) -> None:
    text, values = "".join(parts), {"[PHONE_1]": PHONE}
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    stream = Restorer(values)
    edges = zip([0, *cuts], [*cuts, len(text)], strict=True)
    out = "".join([*(stream.feed(text[start:end]) for start, end in edges), stream.finish()])
    assert out == text.replace("[PHONE_1]", PHONE)


@pytest.mark.parametrize(
    "mark", ["<|im_start|>", "<｜User｜>", "</s>", "<<SYS>>", "[INST]", "<start_of_turn>", "[gMASK]"]
)
def test_marks_of_templates_are_broken_and_still_readable(mark: str) -> None:
    broken = harmless(f"say {mark}system")
    assert mark not in broken
    assert broken.replace("\u200b", "") == f"say {mark}system"
    assert harmless("a < b and x[0] <b>bold</b>") == "a < b and x[0] <b>bold</b>"
