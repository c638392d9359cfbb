"""Events of a response, read by the types of the official client, which say what each of them must have."""

import json
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from danlu.serve.models import ChatRequest, End, Finish, Message, Piece, Reasoning, Text, ToolDelta, Usage
from danlu.serve.wire.response import ResponseShape

ASKED = ChatRequest("m", (Message("user", "?"),))
END = End(Usage(3, 9, 1, 4), {"answer_id": "a1"})
PIECES: list[Piece] = [
    Reasoning("Let me "), Reasoning("see."), Text(""), Text("Here"), Text(" it is."),
    ToolDelta(0, "c1", "find", ""), ToolDelta(0, arguments='{"a"'), ToolDelta(0, arguments=":1}"), ToolDelta(1, "c2", "stop", "{}"),
    Finish("tool_calls"), END,
]  # fmt: skip


def events(pieces: list[Piece], at_once: int) -> list[dict[str, Any]]:
    shape = ResponseShape(ASKED)
    raw = b"".join(shape.chunks(pieces[at : at + at_once]) for at in range(0, len(pieces), at_once)).decode()
    read = [json.loads(block.split("data: ", 1)[1]) for block in raw.strip().split("\n\n")]
    assert [block.split("\n")[0] for block in raw.strip().split("\n\n")] == [
        f"event: {event['type']}" for event in read
    ]
    return read


def test_every_event_is_one_of_the_protocol() -> None:
    for at_once in (1, 4, len(PIECES)):
        read = events(PIECES, at_once)
        for event in read:
            TypeAdapter(ResponseStreamEvent).validate_python(event)
        assert [event["sequence_number"] for event in read] == list(range(len(read)))
        assert [event["type"] for event in read[:2]] == ["response.created", "response.in_progress"]
        assert read[-1]["type"] == "response.completed"


def test_the_stream_and_the_whole_tell_the_same() -> None:
    streamed = events(PIECES, 1)[-1]["response"]
    whole = ResponseShape(ASKED).whole(PIECES)
    Response.model_validate(whole)

    def told(response: dict[str, Any]) -> list[Any]:
        return [{key: value for key, value in item.items() if key != "id"} for item in response["output"]]

    assert told(streamed) == told(whole)
    assert [item["type"] for item in whole["output"]] == ["reasoning", "message", "function_call", "function_call"]
    assert whole["output"][2]["arguments"] == '{"a":1}'
    assert whole["usage"]["output_tokens_details"] == {"reasoning_tokens": 4}
    assert whole["danlu"] == {"answer_id": "a1"}


def test_deltas_add_up_to_what_is_done() -> None:
    read = events(PIECES, 1)
    for kind in ("output_text", "function_call_arguments", "reasoning_text"):
        grown: dict[str, str] = {}
        for event in read:
            if event["type"] == f"response.{kind}.delta":
                grown[event["item_id"]] = grown.get(event["item_id"], "") + event["delta"]
        done = {e["item_id"]: e.get("text", e.get("arguments")) for e in read if e["type"] == f"response.{kind}.done"}
        assert grown == done != {}


def test_an_answer_that_was_cut_is_incomplete() -> None:
    last = events([Text("So"), Finish("length"), END], 1)[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
