"""Rows of every shape become the same messages; what is no conversation is rejected with its reason, never lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.prove.finding import Verdict
from danlu.prove.rows.checks import check_rows, unreadable
from danlu.text.rows.dump_files import Unsupported
from danlu.text.rows.rows import Rows, read_rows

PAIR = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
SHAPES: dict[str, list[dict[str, Any]]] = {
    "openai": [
        {"messages": PAIR},
        {"messages": json.dumps(PAIR)},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}, PAIR[1]]},
        {"messages": PAIR, "tools": None, "conversations": None},
    ],
    "sharegpt": [
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        {"conversations": PAIR},
        {"messages": [{"from": "user", "value": "Hi"}, {"from": "assistant", "value": "Hello"}]},
    ],
    "alpaca": [{"instruction": "Hi", "input": "", "output": "Hello"}, {"input": "Hi", "output": "Hello"}],
    "prompt-completion": [
        {"prompt": "Hi", "completion": "Hello"},
        {"prompt": PAIR[:1], "completion": PAIR[1:]},
        {"query": "Hi", "response": "Hello"},
    ],
    "preference": [
        {"chosen": PAIR, "rejected": PAIR},
        {"prompt": "Hi", "chosen": "Hello", "rejected": "No"},
        {"prompt": PAIR[:1], "chosen": PAIR[1:], "rejected": PAIR[1:]},
        {"conversations": [{"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Hello"}},
    ],
}  # fmt: skip


def write(folder: Path, *rows: object, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(("shape", "row"), [(shape, row) for shape, rows in SHAPES.items() for row in rows])
def test_every_shape_becomes_the_same_messages(tmp_path: Path, shape: str, row: dict[str, Any]) -> None:
    rows = read_rows(write(tmp_path, row))
    assert not rows.rejected
    assert list(rows.conversations[0].messages) == PAIR
    assert rows.shapes == {shape: 1}


def test_system_and_tools_columns_are_read(tmp_path: Path) -> None:
    tool = {"name": "weather", "parameters": {}}
    rows = read_rows(write(tmp_path, {"conversations": PAIR, "system": "Be kind.", "tools": json.dumps([tool])}))
    conversation = rows.conversations[0]
    assert conversation.messages[0] == {"role": "system", "content": "Be kind."}
    assert conversation.tools == (tool,)


def test_a_call_of_sharegpt_becomes_a_tool_call_behind_its_thought(tmp_path: Path) -> None:
    call = {"name": "weather", "arguments": {"place": "北京"}}
    turns = [
        {"from": "human", "value": "?"},
        {"from": "function_call", "value": "<think>so</think>" + json.dumps(call)},
    ]
    message = read_rows(write(tmp_path, {"conversations": turns})).conversations[0].messages[1]
    assert message["content"] == "<think>so</think>"
    assert message["tool_calls"] == [{"type": "function", "function": call}]


def test_what_a_message_says_beside_its_content_is_kept(tmp_path: Path) -> None:
    reply = {"role": "assistant", "content": "2", "reasoning_content": "1 + 1", "weight": 1}
    message = read_rows(write(tmp_path, {"messages": [PAIR[0], reply]})).conversations[0].messages[1]
    assert message == {"role": "assistant", "content": "2", "reasoning_content": "1 + 1"}


def test_plain_text_is_a_shape_of_its_own_without_a_template(tmp_path: Path) -> None:
    rows = read_rows(write(tmp_path, {"text": "Once upon a time.", "system": "Be kind."}, {"messages": PAIR}))
    assert rows.shapes == {"text": 1, "openai": 1}
    text = rows.conversations[0]
    assert text.plain_text
    assert [message["content"] for message in text.messages] == ["Once upon a time."]
    assert not text.prompt_messages


CALL = {"type": "function", "function": {"name": "weather", "arguments": {}}}


@pytest.mark.parametrize("written", [[CALL], json.dumps([CALL]), json.dumps(CALL), [json.dumps(CALL)]])
def test_tool_calls_written_as_json_are_tool_calls(tmp_path: Path, written: object) -> None:
    reply = {"role": "assistant", "content": None, "tool_calls": written}
    rows = read_rows(write(tmp_path, {"messages": [PAIR[0], reply]}))
    assert not rows.rejected
    assert rows.conversations[0].messages[1] == {"role": "assistant", "content": "", "tool_calls": [CALL]}


def test_replies_to_be_avoided_are_neither_learnt_nor_a_fault(tmp_path: Path) -> None:
    good, bad = {"prompt": "Hi", "completion": "Hello"}, {"prompt": "Hi", "completion": ""}
    rows = read_rows(write(tmp_path, {**good, "label": True}, {**bad, "label": False}, {"text": "Hi", "label": False}))
    assert (len(rows.conversations), rows.rejected, rows.undesired) == (2, (), 1)
    finding = check_rows(rows)
    assert (finding.verdict, finding.measured["rows"]) == (Verdict.PASS, 3)
    assert "1 rows have label false" in "".join(map(str, finding.evidence))


def test_a_reply_that_only_calls_or_only_thinks_is_no_empty_one(tmp_path: Path) -> None:
    replies = ({"content": "", "tool_calls": [CALL]}, {"content": "", "reasoning_content": "So."})
    rows = read_rows(write(tmp_path, *({"messages": [PAIR[0], {"role": "assistant", **reply}]} for reply in replies)))
    assert not rows.rejected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"body": "plain", "id": 1}, "fits no known shape: its columns are body, id"),
        ({"text": ["plain"]}, "fits no known shape: its columns are text"),
        ({"text": " \n"}, "the text is empty"),
        ({}, "an object without columns"),
        ({"instruction": "Hi", "output": ""}, "the reply is empty"),
        ({"messages": [PAIR[0], {"role": "assistant", "content": "\n"}]}, "the reply is empty"),
        ({"messages": [PAIR[0], {"role": "assistant", "content": ""}, *PAIR]}, "the reply is empty"),
        ({"prompt": "Hi", "chosen": "", "rejected": "No"}, "the reply is empty"),
        ([1, 2], "is a JSON list"),
        ({"messages": PAIR[:1]}, "has no reply"),
        ({"messages": []}, "has no reply"),
        ({"messages": "x"}, "should be JSON"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "message 1 has the role 'robot'"),
        ({"messages": [PAIR[0], {"role": "assistant", "content": None}]}, "message 2 has a content of type null"),
        ({"messages": [PAIR[0], {"role": "assistant", "content": 7}]}, "message 2 has a content of type int"),
        ({"messages": [PAIR[0], 7]}, "message 2 is of type int"),
        ({"prompt": "x", "completion": 7}, "a completion of type int"),
        ({"instruction": "x", "output": "y", "history": "z"}, "a history of type str"),
        ({"conversations": PAIR, "tools": "{"}, "should be JSON"),
        ({"conversations": PAIR, "tools": [7]}, "has tools that are no objects"),
        ({"messages": [PAIR[0], {**PAIR[1], "tool_calls": "[7]"}]}, "message 2 has tool calls that are no objects"),
        ({"messages": [PAIR[0], {"role": "assistant", "content": "\ud83d"}]}, "half a character"),
    ],
)
def test_a_row_that_is_no_conversation_is_rejected_with_its_reason(tmp_path: Path, row: object, reason: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n" + json.dumps(row) + "\n", encoding="utf-8")
    rows = read_rows(path)
    assert [found.row for found in rows.rejected] == [2]
    assert reason in str(rows.rejected[0].reason)


def test_lines_that_are_not_json_or_not_text_are_rejected_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    deep = b"[" * 100_000
    path.write_bytes(b'{"messages"\n\xff\xfe\n' + deep + b"\n" + json.dumps({"messages": PAIR}).encode())
    rows = read_rows(path)
    assert [row.row for row in rows.rejected] == [1, 2, 3]
    assert len(rows.conversations) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"role": st.sampled_from(["user", "assistant", "x"]) | VALUES, "content": VALUES, "value": VALUES,
                      "from": st.sampled_from(["human", "gpt", "function_call"]), "tool_calls": VALUES}
    ), max_size=3,
)  # fmt: skip
COLUMNS = ("messages", "conversations", "chosen", "prompt", "completion", "instruction", "input", "output", "history",
           "system", "tools", "query", "response", "text")  # fmt: skip
ROW = VALUES | st.dictionaries(st.sampled_from(COLUMNS), VALUES | MESSAGES, max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_conversations_and_rejected_rows_are_all_rows(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[Any]
) -> None:
    rows = read_rows(write(tmp_path_factory.mktemp("rows"), *given_rows))
    numbers = [conversation.row for conversation in rows.conversations] + [row.row for row in rows.rejected]
    assert sorted(numbers) == list(range(1, len(given_rows) + 1))
    assert sum(rows.shapes.values()) == len(rows.conversations)
    for conversation in rows.conversations:
        assert all(isinstance(message["content"], str) for message in conversation.messages)
        assert all(str(row.reason) for row in rows.rejected)


def test_json_arrays_json_lines_and_tables_read_the_same(tmp_path: Path) -> None:
    import pyarrow
    from datasets import Dataset, DatasetDict
    from pyarrow import parquet

    given_rows = [{"messages": PAIR}, {"messages": PAIR * 2}]
    array = tmp_path / "array.json"
    array.write_text(json.dumps(given_rows), encoding="utf-8")
    table = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(given_rows), table)
    lines = write(tmp_path, *given_rows, name="lines.json")
    expected = read_rows(write(tmp_path, *given_rows))
    Dataset.from_list(given_rows).save_to_disk(str(tmp_path / "saved"))
    DatasetDict({"train": Dataset.from_list(given_rows)}).save_to_disk(str(tmp_path / "splits"))
    assert read_rows(array) == read_rows(table) == read_rows(lines) == expected
    assert read_rows(tmp_path / "saved") == read_rows(tmp_path / "splits") == expected


def test_one_object_over_several_lines_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "row.json"
    path.write_text(json.dumps({"messages": PAIR}, indent=1), encoding="utf-8-sig")
    assert read_rows(path) == read_rows(write(tmp_path, {"messages": PAIR}))
    path.write_text('{"messages"\n' + json.dumps({"messages": PAIR}), encoding="utf-8")
    assert len(read_rows(path).rejected) == 1


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl.gz", "folder"])
def test_what_is_not_read_here_is_no_fault_of_the_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir() if name == "folder" else (tmp_path / name).write_text("a,b")
    with pytest.raises(Unsupported) as raised:
        read_rows(tmp_path / name)
    finding = unreadable(raised.value)
    assert finding.blocked and ".jsonl" in str(finding.needs)


def test_a_damaged_file_fails_with_what_to_do_next(tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("no table")
    with pytest.raises(UserError) as raised:
        read_rows(tmp_path / "rows.parquet")
    finding = unreadable(raised.value)
    assert finding.verdict is Verdict.FAIL and "copy the file again" in str(finding.evidence[0])


@pytest.mark.parametrize("name", ["missing.jsonl", "rows.csv", "broken.json", "broken.parquet", "empty.jsonl"])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, name: str) -> None:
    if name != "missing.jsonl":
        (tmp_path / name).write_text("[{" if name.startswith("broken") else "\n", encoding="utf-8")
    with pytest.raises(UserError) as raised:
        read_rows(tmp_path / name)
    assert name in raised.value.message


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_a_byte_order_mark_is_no_part_of_the_rows(tmp_path: Path, name: str) -> None:
    row = json.dumps({"messages": PAIR})
    text = row + "\n" if name.endswith("l") else f"[{row}]"
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    rows = read_rows(tmp_path / name)
    assert (len(rows.conversations), rows.rejected) == (1, ())


def found(tmp_path: Path, *rows: object) -> Rows:
    return read_rows(write(tmp_path, *rows))


def test_good_rows_pass_and_are_counted_by_shape(tmp_path: Path) -> None:
    finding = check_rows(found(tmp_path, {"messages": PAIR}, {"instruction": "a", "output": "b"}))
    assert finding.verdict is Verdict.PASS
    assert [str(line) for line in finding.evidence] == ["by shape: openai 1, alpaca 1"]


def test_plain_text_passes_and_empty_replies_are_rejected_with_their_rows(tmp_path: Path) -> None:
    assert check_rows(found(tmp_path, {"text": "Once."}, {"text": "Twice."})).verdict is Verdict.PASS
    finding = check_rows(found(tmp_path, {"instruction": "Hi", "output": ""}))
    assert finding.verdict is Verdict.FAIL
    assert [str(line) for line in finding.evidence] == ["row 1: the reply is empty"]


def test_rows_that_fit_nothing_fail_and_the_first_are_shown(tmp_path: Path) -> None:
    finding = check_rows(found(tmp_path, {"messages": PAIR}, *[{"body": "x"}] * 20))
    assert finding.verdict is Verdict.FAIL
    assert finding.measured == {"rows": 21, "conversations": 1, "rejected": 20, "undesired": 0}
    assert len(finding.evidence) <= 12
    assert str(finding.evidence[1]) == "row 2: fits no known shape: its columns are body"
    assert str(finding.evidence[-1]) == "and 12 more"


def test_rows_with_images_are_no_fault(tmp_path: Path) -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
    finding = check_rows(found(tmp_path, {"messages": PAIR}, {"messages": [image, PAIR[1]]}))
    assert finding.verdict is Verdict.NOT_CHECKABLE
