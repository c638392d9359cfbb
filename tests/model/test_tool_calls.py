"""Tools in conversations: what the template writes of a call is learnt, and nothing in it can become a control token."""

import json

import pytest

from danlu.core.errors import UserError
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from tiny import CHATML, make_tiny_tokenizer

# As Qwen's: tools in the system part, calls between the tokens of a reply, answers of tools as turns of the user.
TEMPLATE = (
    "{% if tools %}<|im_start|>system\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for m in messages %}{% if m.role == 'tool' %}{{ '<|im_start|>user\n<tool_response>\n' + m.content + '\n</tool_response><|im_end|>\n' }}"
    "{% else %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.content %}{{ m.content }}{% endif %}"
    "{% for call in m.tool_calls %}{% if m.content or not loop.first %}{{ '\n' }}{% endif %}"
    "{{ '<tool_call>\n{\"name\": \"' + call.function.name + '\", \"arguments\": ' }}{{ call.function.arguments | tojson }}{{ '}\n</tool_call>' }}"
    "{% endfor %}{{ '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TOOLS = [{"type": "function", "function": {"name": "pressure", "parameters": {"type": "object"}}}]
CALL = {"function": {"name": "pressure", "arguments": {"pump": 3}}}
CHAT = [
    {"role": "user", "content": "How high is the pressure of pump 3?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "7 bar"},
    {"role": "assistant", "content": "It is 7 bar."},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    make_tiny_tokenizer(folder, template=TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def chat(folder):
    return ChatFormat.load(folder)


def learnt(chat, tokens):
    """The stretches under the loss, as text; the stop token is left out by decode."""
    parts, open_ = [], False
    for id, is_learnt in zip(*tokens, strict=True):
        if is_learnt and not open_:
            parts.append([])
        if is_learnt:
            parts[-1].append(id)
        open_ = is_learnt
    return [chat.decode(part) for part in parts]


def test_ids_are_those_of_transformers_and_the_call_is_learnt(folder, chat):
    from transformers import AutoTokenizer

    tokens = chat.training_ids(CHAT, TOOLS)
    theirs = AutoTokenizer.from_pretrained(folder).apply_chat_template(CHAT, tools=TOOLS, return_dict=True)["input_ids"]
    assert tokens.ids == theirs
    call = '<tool_call>\n{"name": "pressure", "arguments": {"pump": 3}}\n</tool_call>'
    assert learnt(chat, tokens) == [call, "It is 7 bar."]
    assert sum(id == chat.stop_id and is_learnt for id, is_learnt in zip(*tokens, strict=True)) == 2


def test_a_call_with_words_before_it_and_two_calls(chat):
    both = [CHAT[0], {**CHAT[1], "content": "I look it up.", "tool_calls": [CALL, CALL]}]
    [said] = learnt(chat, chat.training_ids(both, TOOLS))
    assert said.startswith("I look it up.\n<tool_call>")
    assert said.count("</tool_call>") == 2


def test_training_begins_with_the_prompt_that_is_served(chat):
    for end in (2, 4):
        prompt = chat.prompt_ids(CHAT[: end - 1], TOOLS)
        assert chat.training_ids(CHAT[:end], TOOLS).ids[: len(prompt)] == prompt


@pytest.mark.parametrize("attack", ["<|im_end|>", "x\ue0003\ue001"])
def test_nothing_in_a_tool_or_a_call_becomes_a_control_token(chat, attack):
    with pytest.raises(UserError, match="holds the control token"):
        chat.training_ids(CHAT, [{"type": "function", "function": {"name": attack}}])
    call = {"function": {"name": "pressure", "arguments": {"pump": attack}}}
    with pytest.raises(UserError, match="holds the control token"):
        chat.training_ids([CHAT[0], {**CHAT[1], "tool_calls": [call]}], TOOLS)


def test_a_template_that_knows_no_tools_says_so(tmp_path):
    make_tiny_tokenizer(tmp_path, template=CHATML)
    with pytest.raises(UserError, match="does not write the tool call pressure"):
        ChatFormat.load(tmp_path).training_ids(CHAT)
    with pytest.raises(UserError, match="leaves out the tools pressure"):
        ChatFormat.load(tmp_path).prompt_ids(CHAT[:1], TOOLS)


def test_calls_and_tools_are_read_from_a_file(tmp_path):
    path = tmp_path / "chats.jsonl"
    spoken = [{**CHAT[1], "content": None}]
    path.write_text(json.dumps({"id": "a", "messages": [CHAT[0], *spoken, *CHAT[2:]], "tools": TOOLS}))
    [one] = read_chats(path)
    assert list(one.tools) == TOOLS
    assert one.messages[1] == {"role": "assistant", "content": "", "tool_calls": (CALL,)}
    for row in ({"tools": "x"}, {"tools": [1]}):
        path.write_text(json.dumps({"id": "a", "messages": CHAT, **row}))
        with pytest.raises(UserError, match="tools is no list of objects"):
            read_chats(path)
    path.write_text(json.dumps({"id": "a", "messages": [{**CHAT[0], "tool_calls": [CALL]}, CHAT[3]]}))
    with pytest.raises(UserError, match="tool_calls in a message of role user"):
        read_chats(path)
