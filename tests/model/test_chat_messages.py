"""Thoughts before replies and switches of the loss: obeyed to the token, or the row is refused with the reason."""

import json

import pytest

from danlu.core.errors import UserError
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats, write_chats
from tiny import CHATML, make_tiny_tokenizer

# As Qwen3's: the thought of a reply after the last question is written, those before are left out.
THINKING = (
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
    "{% if m.role == 'assistant' and loop.index0 > ns.last and (loop.last or m.reasoning_content) %}"
    "{{ '<think>\n' + (m.reasoning_content or '') + '\n</think>\n\n' }}{% endif %}"
    "{{ m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
ASK = {"role": "user", "content": "Why?"}
THINK = {"role": "assistant", "content": "So.", "reasoning_content": "Let me see 为什么."}
SAY = {"role": "assistant", "content": "Well."}


@pytest.fixture(scope="module")
def thinking(tmp_path_factory):
    folder = tmp_path_factory.mktemp("thinking")
    make_tiny_tokenizer(folder, template=THINKING)
    return ChatFormat.load(folder)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    make_tiny_tokenizer(folder, template=CHATML)
    return ChatFormat.load(folder)


def learnt(chat, tokens):
    """What is under the loss, as text."""
    return chat.decode([id for id, learn in zip(*tokens, strict=True) if learn])


def test_a_thought_is_learnt_as_the_template_writes_it(thinking):
    tokens = thinking.training_ids([ASK, THINK])
    assert learnt(thinking, tokens) == "<think>\nLet me see 为什么.\n</think>\n\nSo."
    assert tokens.ids[: len(thinking.prompt_ids([ASK]))] == thinking.prompt_ids([ASK])


def test_an_earlier_thought_is_left_out_as_when_it_is_served_and_its_reply_gets_no_loss(thinking):
    tokens = thinking.training_ids([ASK, THINK, ASK, SAY])
    assert learnt(thinking, tokens) == "Well."
    assert "Let me see" not in thinking.decode(tokens.ids)
    assert "So." in thinking.decode(tokens.ids)


def test_a_thought_that_the_template_leaves_out_is_refused_wherever_it_stands(plain):
    quoted = {**THINK, "content": "It is 4.", "reasoning_content": "4"}
    for messages in ([ASK, THINK], [ASK, THINK, ASK, SAY], [ASK, quoted]):
        with pytest.raises(UserError, match="leaves out the reasoning_content"):
            plain.training_ids(messages)


def test_a_control_token_in_a_thought_is_refused(thinking):
    with pytest.raises(UserError, match=r"holds the control token '<\|im_end\|>'"):
        thinking.training_ids([ASK, {**THINK, "reasoning_content": "a<|im_end|>b"}])


def test_a_reply_without_loss_is_context(plain):
    first, second = {**SAY, "loss": False}, {"role": "assistant", "content": "So."}
    both = plain.training_ids([ASK, SAY, ASK, second])
    tokens = plain.training_ids([ASK, first, ASK, second])
    assert tokens.ids == both.ids
    assert learnt(plain, both) == "Well.So."
    assert learnt(plain, tokens) == "So."
    assert learnt(plain, plain.training_ids([ASK, second, ASK, first])) == "So."


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("switch", [{"loss": False}, {"weight": 0}, {"train": False}, {"weight": 0.0, "loss": False}])
@pytest.mark.parametrize("shape", ["messages", "conversations"])
def test_switches_of_other_programs_are_obeyed(tmp_path, switch, shape):
    turns = [ASK, {**SAY, **switch}, ASK, {**SAY, "loss": True, "weight": 1}]
    if shape == "conversations":
        names = {"user": "human", "assistant": "gpt"}
        kept = [{name: one[name] for name in one if name not in ("role", "content")} for one in turns]
        turns = [
            {"from": names[one["role"]], "value": one["content"], **more} for one, more in zip(turns, kept, strict=True)
        ]
    [chat] = read_chats(write(tmp_path / "chats.jsonl", {shape: turns, "system": "Be brief."}))
    assert list(chat.messages) == [{"role": "system", "content": "Be brief."}, ASK, {**SAY, "loss": False}, ASK, SAY]
    write_chats(tmp_path / "again.jsonl", [chat])
    assert read_chats(tmp_path / "again.jsonl")[0].messages == chat.messages


def test_the_system_prompt_beside_the_messages_stands_before_them(tmp_path):
    rows = [
        {"system": "Be a pirate", "messages": [ASK, SAY]},
        {"system": "Be a pirate", "messages": [{"role": "system", "content": "Be a pirate"}, ASK, SAY]},
    ]
    for chat in read_chats(write(tmp_path / "chats.jsonl", *rows)):
        assert list(chat.messages) == [{"role": "system", "content": "Be a pirate"}, ASK, SAY]


def test_parts_that_are_text_are_joined(tmp_path):
    parts = [{"type": "text", "text": "Wh"}, {"type": "text", "text": "y?"}]
    [chat] = read_chats(write(tmp_path / "chats.jsonl", {"messages": [{**ASK, "content": parts}, SAY]}))
    assert chat.messages == (ASK, SAY)


PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"system": "A", "messages": [{"role": "system", "content": "B"}, ASK, SAY]}, "system says one thing"),
        ({"system": "A", "conversations": [{"from": "system", "value": "B"}, ASK, SAY]}, "system says one thing"),
        ({"system": ["A"], "messages": [ASK, SAY]}, "system is a list, expected text"),
        ({"messages": [ASK, {**SAY, "weight": 0.5}]}, "message 2: weight is 0.5, expected 0 or 1"),
        ({"messages": [ASK, {**SAY, "weight": False}]}, "weight is False, expected 0 or 1"),
        ({"messages": [ASK, {**SAY, "loss": 0}]}, "loss is 0, expected true or false"),
        ({"messages": [ASK, {**SAY, "loss": [1]}]}, r"loss is \[1\], expected true or false"),
        ({"messages": [ASK, {**SAY, "loss": True, "weight": 0}]}, "loss, weight contradict each other"),
        ({"messages": [{**ASK, "loss": True}, SAY]}, "loss asks to learn a message of role user"),
        ({"messages": [ASK, {**SAY, "loss": False}]}, "every reply is switched off"),
        ({"messages": [ASK, {**SAY, "function_call": {"name": "f"}}]}, "message 2: the field function_call"),
        ({"messages": [ASK, {**SAY, "reasoning": "x"}]}, "the field reasoning says something"),
        ({"messages": [ASK, {**SAY, "reasoning_content": 7}]}, "reasoning_content is a number, expected text"),
        ({"messages": [{**ASK, "reasoning_content": "x"}, SAY]}, "reasoning_content in a message of role user"),
        ({"messages": [ASK, SAY], "functions": [{"name": "f"}]}, "the field functions says something"),
        ({"messages": [ASK, SAY], "images": ["a.png"]}, "the field images says something"),
        ({"conversations": [ASK, {**SAY, "images": ["a.png"]}]}, "the field images says something"),
        ({"messages": [ASK, SAY], "label": False}, "label false marks a reply that is to be avoided"),
        ({"messages": [{**ASK, "content": None}, SAY]}, "message 1: content is null, expected text"),
        ({"messages": [{**ASK, "content": {"a": 1}}, SAY]}, "message 1: content is an object, expected text"),
        ({"messages": [{**ASK, "content": [PICTURE]}, SAY]}, "a part that is no text, of type image_url"),
    ],
)
def test_what_would_be_passed_over_is_refused(tmp_path, row, complaint):
    with pytest.raises(UserError, match=complaint):
        read_chats(write(tmp_path / "chats.jsonl", row))
