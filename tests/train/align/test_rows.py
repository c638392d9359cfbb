import json

import pytest

from danlu.core.errors import UserError
from danlu.train.align.preferences import part
from danlu.train.align.rows import Row, read_facts, read_rows

ASK = {"role": "user", "content": "How?"}
TURN = {"role": "assistant", "content": "So."}
GOOD = {"messages": [ASK], "chosen": "So.", "rejected": "No."}


def write(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "row",
    [
        GOOD,
        {"prompt": "How?", "chosen": "So.", "rejected": "No."},
        {"prompt": [ASK], "chosen": [TURN], "rejected": [{"role": "assistant", "content": "No."}]},
        {"chosen": [ASK, TURN], "rejected": [ASK, {"role": "assistant", "content": "No."}]},
        {"prompt": "How?", "chosen": [ASK, TURN], "rejected": [ASK, {"role": "assistant", "content": "No."}]},
    ],
)
def test_the_usual_shapes_of_a_pair_are_the_same_pair(tmp_path, row):
    [first, second] = read_rows(write(tmp_path / "data.jsonl", row, GOOD), "pairs")
    assert (first.messages, first.replies) == (second.messages, second.replies)
    assert (first.line, second.line) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "row", "complaint"),
    [
        ("pairs", "{", "data.jsonl:2: not JSON"),
        ("pairs", "[]", "data.jsonl:2: not a JSON object"),
        ("pairs", {"messages": [ASK], "chosen": "So."}, "data.jsonl:2: rejected is null"),
        ("pairs", {"messages": [ASK], "chosen": 7, "rejected": "No."}, "data.jsonl:2: chosen is 7"),
        ("pairs", {"chosen": "So.", "rejected": "No."}, "data.jsonl:2: messages is null"),
        ("pairs", {"messages": [ASK, TURN], "chosen": "a", "rejected": "b"}, "messages ends with a reply"),
        ("pairs", {"messages": [{"role": "boss", "content": "x"}], "chosen": "a", "rejected": "b"}, 'role is "boss"'),
        ("pairs", {"messages": [{"role": "user", "content": 1}], "chosen": "a", "rejected": "b"}, "content is 1"),
        ("pairs", {"chosen": [ASK, TURN], "rejected": [{**ASK, "content": "Why?"}, TURN]}, "they differ in message 1"),
        ("pairs", {"chosen": [ASK, TURN], "rejected": [ASK, TURN, ASK, TURN]}, "they differ in message 2"),
        ("pairs", {"chosen": [ASK, ASK], "rejected": [ASK, TURN]}, "chosen ends with a message of user"),
        ("labelled", {"messages": [ASK], "completion": "a", "label": "yes"}, 'label is "yes": expected true or false'),
        ("labelled", {"messages": [ASK], "completion": "a", "label": 1}, "label is 1: expected true or false"),
        ("labelled", {"messages": [ASK], "label": True}, "completion is null"),
        ("prompts", {"messages": []}, r"messages is \[\]"),
    ],
)
def test_a_wrong_line_is_told_with_its_number_and_field(tmp_path, kind, row, complaint):
    good = {**GOOD, "completion": "So.", "label": True}
    with pytest.raises(UserError, match=complaint) as told:
        read_rows(write(tmp_path / "data.jsonl", good, row), kind)
    assert "data.jsonl:2" in told.value.message


@pytest.mark.parametrize(
    ("kind", "rows", "complaint"),
    [
        ("pairs", [], "has no rows"),
        ("pairs", [GOOD], "has one row: expected two or more"),
        ("labelled", [{"messages": [ASK], "completion": "a", "label": False}] * 2, "every label is false"),
    ],
)
def test_a_file_from_which_nothing_can_be_learnt_is_refused(tmp_path, kind, rows, complaint):
    with pytest.raises(UserError, match=complaint):
        read_rows(write(tmp_path / "data.jsonl", *rows), kind)


def test_fields_beside_the_prompt_are_kept_for_reward_functions(tmp_path):
    rows = read_rows(write(tmp_path / "data.jsonl", {"prompt": "1+1", "answer": "2"}, {"messages": [ASK]}), "prompts")
    assert rows[0].fields == {"answer": "2"} and rows[1].fields == {}
    again = write(tmp_path / "again.jsonl", *(row.facts() for row in rows))
    assert read_facts(again) == rows


def _rows(count):
    return [Row(number, ({"role": "user", "content": f"What is {number}?"},)) for number in range(count)]


def test_equal_prompts_stay_on_one_side_whatever_their_case_and_space(tmp_path):
    rows = _rows(20)
    rows += [Row(100 + row.line, ({"role": "user", "content": f" WHAT  is {row.line}?"},)) for row in rows]
    train, held_out = part(rows, 0.2, 0, tmp_path)
    numbers = [{row.line % 100 for row in side} for side in (train, held_out)]
    assert not numbers[0] & numbers[1]
    assert (len(train), len(held_out)) == (32, 8)
    assert part(rows, 0.2, 0, tmp_path) == (train, held_out) != part(rows, 0.2, 1, tmp_path)


def test_one_prompt_cannot_be_on_two_sides(tmp_path):
    with pytest.raises(UserError, match="1 different prompts left"):
        part(_rows(1) * 4, 0.1, 0, tmp_path)
    assert part(_rows(1) * 4, 0, 0, tmp_path) == (_rows(1) * 4, [])
