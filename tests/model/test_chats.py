"""Conversations as users have them: every known shape gives the same messages, and what is none is told with its place."""

import json

import pytest

from danlu.core.errors import UserError
from danlu.model.chats import read_chats, write_chats

OWN = {"id": "a", "messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}
SHAREGPT = {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]}
ALPACA = {"instruction": "Why?", "input": "", "output": "So."}
PAIR = {"prompt": "Why?", "completion": "So."}


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("row", [OWN, SHAREGPT, ALPACA, PAIR, {"messages": OWN["messages"]}, {**OWN, "id": 7}])
def test_a_row_of_any_shape_is_the_same_conversation(tmp_path, row):
    [chat] = read_chats(write(tmp_path / "chats.jsonl", row))
    assert list(chat.messages) == OWN["messages"]
    assert chat.chat_id == str(row.get("id", 1))


def test_one_list_of_rows_is_read_as_lines_are(tmp_path):
    path = tmp_path / "alpaca.json"
    path.write_text(json.dumps([{**ALPACA, "system": "Be brief."}, ALPACA], indent=2), encoding="utf-8")
    first, second = read_chats(path)
    assert first.messages[0] == {"role": "system", "content": "Be brief."}
    assert (first.chat_id, second.chat_id) == ("1", "2")


def test_a_call_of_a_tool_in_sharegpt_is_read(tmp_path):
    call = {"name": "look", "arguments": {"at": "map"}}
    turns = [("human", "Where?"), ("function_call", json.dumps(call)), ("observation", "Here."), ("gpt", "Here.")]
    row = {"conversations": [{"from": who, "value": what} for who, what in turns], "tools": "[]"}
    [chat] = read_chats(write(tmp_path / "chats.jsonl", row))
    assert [message["role"] for message in chat.messages] == ["user", "assistant", "tool", "assistant"]
    assert chat.messages[1]["tool_calls"] == ({"type": "function", "function": call},)


def test_what_is_written_is_read_again(tmp_path):
    tools = [{"type": "function", "function": {"name": "look"}}]
    chats = read_chats(write(tmp_path / "chats.jsonl", {**OWN, "tools": tools}, SHAREGPT))
    write_chats(tmp_path / "again.jsonl", chats)
    assert read_chats(tmp_path / "again.jsonl") == chats


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"conversations": [{"from": "boss", "value": "x"}]}, "chats.jsonl:1: message 1 has the role 'boss'"),
        ({"question": "x"}, "chats.jsonl:1: fits no known shape: its columns are question"),
        ({"text": "x"}, "chats.jsonl:1: not a conversation"),
        ({"prompt": "x", "chosen": "y", "rejected": "z"}, "chats.jsonl:1: not a conversation"),
        ({"id": [1], "messages": []}, "chats.jsonl:1: not a conversation"),
        ([OWN, 3], "chats.jsonl:2: not a conversation"),
    ],
)
def test_what_is_no_conversation_is_told_with_its_place(tmp_path, row, complaint):
    with pytest.raises(UserError, match=complaint):
        read_chats(write(tmp_path / "chats.jsonl", row))


def test_a_broken_list_is_told_with_its_line(tmp_path):
    path = tmp_path / "alpaca.json"
    path.write_text('[\n{"instruction": "a",\n"output": }]')
    with pytest.raises(UserError, match=r"alpaca\.json:3: not JSON"):
        read_chats(path)
