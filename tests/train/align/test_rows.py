import json

import pytest

from danlu.core.errors import UserError
from danlu.train.align.preferences import part
from danlu.train.align.rows import Row, read_facts
from danlu.train.align.rows_file import read_rows

ASK = {"role": "user", "content": "How?"}
TURN = {"role": "assistant", "content": "So."}
GPT = {"from": "gpt", "value": "So."}
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


def test_preferences_of_llama_factory_in_alpacas_shape(tmp_path):
    plain = {"instruction": "Say it.", "input": "How?", "chosen": "So.", "rejected": "No."}
    whole = {**plain, "input": "", "system": "Be brief.", "history": [["Hi", "Hello"]]}
    [first, second] = read_rows(write(tmp_path / "data.jsonl", plain, whole), "pairs")
    assert first.messages == ({"role": "user", "content": "Say it.\nHow?"},)
    assert first.replies == second.replies == {"chosen": "So.", "rejected": "No."}
    assert [(message["role"], message["content"]) for message in second.messages] == [
        ("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Say it."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        {**GOOD, "system": "Be brief."},
        {"prompt": "How?", "chosen": "So.", "rejected": "No.", "system": "Be brief."},
        {**GOOD, "system": "Be brief.", "messages": [{"role": "system", "content": "Be brief."}, ASK]},
        {"chosen": [ASK, TURN], "rejected": [ASK, {"role": "assistant", "content": "No."}], "system": "Be brief."},
    ],
)
def test_a_system_prompt_beside_the_messages_stands_before_them(tmp_path, row):
    [first, _] = read_rows(write(tmp_path / "data.jsonl", row, GOOD), "pairs")
    assert first.messages == ({"role": "system", "content": "Be brief."}, ASK)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (
            {"system": "Be brief.", "messages": [{"role": "system", "content": "Be long."}, ASK]},
            "system says one thing",
        ),
        ({"system": ["Be brief."]}, r"system is \[\"Be brief"),
        ({"images": ["a.png"]}, "the field images says something of what is taught"),
        ({"tools": [{"name": "clock"}]}, "the field tools says something of what is taught"),
        ({"messages": [{**ASK, "reasoning_content": "Well"}]}, "the field reasoning_content says something"),
    ],
)
def test_what_would_be_passed_over_is_refused(tmp_path, more, complaint):
    with pytest.raises(UserError, match=complaint):
        read_rows(write(tmp_path / "data.jsonl", {**GOOD, **more}, GOOD), "pairs")


ALPACA = {"instruction": "How?", "chosen": "So.", "rejected": "No."}
SWIFT = {"messages": [ASK, TURN], "rejected_response": "No."}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({**ALPACA, "images": ["a.png"]}, "the field images says something"),
        ({**SWIFT, "images": ["a.png"]}, "the field images says something"),
        ({**SWIFT, "rejected_messages": [ASK]}, "the field rejected_messages says something"),
        ({**SWIFT, "messages": [ASK, {**TURN, "reasoning_content": "Well"}]}, "the field reasoning_content says"),
        (
            {
                "conversations": [{"from": "system", "value": "A"}, {"from": "human", "value": "How?"}],
                "chosen": GPT, "rejected": GPT, "system": "B",
            },
            "system says one thing",
        ),
    ],
)  # fmt: skip
def test_what_would_be_passed_over_in_other_trainers_rows_is_refused(tmp_path, row, complaint):
    with pytest.raises(UserError, match=complaint):
        read_rows(write(tmp_path / "data.jsonl", row, GOOD), "pairs")


@pytest.mark.parametrize("reply", [lambda text: {"from": "gpt", "value": text}, lambda text: text])
def test_preferences_of_llama_factory_in_sharegpts_shape(tmp_path, reply):
    turns = [("human", "Hi"), ("gpt", "Hello"), ("human", "How?")]
    row = {
        "conversations": [{"from": role, "value": text} for role, text in turns],
        "chosen": reply("So."),
        "rejected": reply("No."),
    }
    path = tmp_path / "dpo.json"
    path.write_text(json.dumps([row, row], indent=2))  # as its own files are: one list
    [first, second] = read_rows(path, "pairs")
    assert [message["role"] for message in first.messages] == ["user", "assistant", "user"]
    assert first.messages[-1] == ASK and first.replies == {"chosen": "So.", "rejected": "No."}
    assert (first.line, second.line) == (1, 2)


def test_preferences_of_ms_swift(tmp_path):
    row = {"messages": [{"role": "system", "content": "Be brief."}, ASK, TURN], "rejected_response": "No."}
    [first, _] = read_rows(write(tmp_path / "data.jsonl", row, GOOD), "pairs")
    assert first.messages == ({"role": "system", "content": "Be brief."}, ASK)
    assert first.replies == {"chosen": "So.", "rejected": "No."}


def test_a_broken_list_is_told_with_its_line(tmp_path):
    path = tmp_path / "dpo.json"
    path.write_text('[\n {"prompt": "How?"},\n {"prompt": }\n]')
    with pytest.raises(UserError, match=r"dpo.json:3: not JSON"):
        read_rows(path, "pairs")


@pytest.mark.parametrize(
    ("kind", "row", "complaint"),
    [
        ("pairs", "{", "data.jsonl:2: not JSON"),
        ("pairs", "[]", "data.jsonl:2: not a JSON object"),
        (
            "pairs",
            {"messages": [ASK], "chosen": "So."},
            "rejected is missing: the row has the columns messages, chosen",
        ),
        ("pairs", {"messages": [ASK], "chosen": None, "rejected": "No."}, "data.jsonl:2: chosen is null"),
        ("pairs", {"messages": [ASK], "chosen": 7, "rejected": "No."}, "data.jsonl:2: chosen is 7"),
        (
            "pairs",
            {"chosen": "So.", "rejected": "No."},
            "messages is missing: the row has the columns chosen, rejected",
        ),
        ("pairs", {"question": "How?", "good": "a"}, "chosen is missing: the row has the columns question, good"),
        ("pairs", {"messages": [ASK], "rejected_response": "No."}, "has no reply"),
        ("pairs", {"messages": [ASK, TURN], "rejected_response": 7}, "rejected_response is of type int, expected text"),
        ("pairs", {"messages": [TURN, ASK], "rejected_response": "No."}, "messages must end with the better reply"),
        (
            "pairs",
            {"conversations": [{"from": "boss", "value": "x"}], "chosen": GPT, "rejected": GPT},
            "the role 'boss'",
        ),
        (
            "pairs",
            {"messages": [ASK, TURN], "rejected_response": "No.", "tools": "[{}]"},
            "has tools or calls of tools",
        ),
        ("pairs", {"messages": [ASK, TURN], "chosen": "a", "rejected": "b"}, "messages ends with a reply"),
        ("pairs", {"messages": [{"role": "boss", "content": "x"}], "chosen": "a", "rejected": "b"}, 'role is "boss"'),
        ("pairs", {"messages": [{"role": "user", "content": 1}], "chosen": "a", "rejected": "b"}, "content is 1"),
        ("pairs", {"chosen": [ASK, TURN], "rejected": [{**ASK, "content": "Why?"}, TURN]}, "they differ in message 1"),
        ("pairs", {"chosen": [ASK, TURN], "rejected": [ASK, TURN, ASK, TURN]}, "they differ in message 2"),
        ("pairs", {"chosen": [ASK, ASK], "rejected": [ASK, TURN]}, "chosen ends with a message of user"),
        ("labelled", {"messages": [ASK], "completion": "a", "label": "yes"}, 'label is "yes": expected true or false'),
        ("labelled", {"messages": [ASK], "completion": "a", "label": 1}, "label is 1: expected true or false"),
        (
            "labelled",
            {"messages": [ASK], "label": True},
            "completion is missing: the row has the columns messages, label",
        ),
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
    with pytest.raises(UserError, match=r"1 different prompts left .*left out: 7\)"):
        part(_rows(1) * 4, 0.1, 0, tmp_path, equal_pairs=7)
    assert part(_rows(1) * 4, 0, 0, tmp_path) == (_rows(1) * 4, [])
