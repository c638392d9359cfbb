"""Invariant 4, over families: the ids of a conversation are those of Transformers, the stop token is in the loss, and what is
learnt is exactly what follows the served prompt."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.model.chat import ChatFormat, Tokens
from danlu.model.stops import declare_stop
from danlu.train.finetune import FinetuneConfig, finetune_model
from prove.zoo import FAMILY, GLM4, Family, write_tokenizer
from prove.zoo_tokenizers import add_control, begin_with, sentencepiece_like
from tiny import make_tiny_checkpoint, write_chats

LLAMA2 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
"""Documented with LLaMA 2 (meta-llama/llama, generation.py): plain words mark the turns, a space stands on both sides of a reply."""


def _llama2() -> Any:
    made = sentencepiece_like(tokens=560, first=["<unk>", "<s>", "</s>"])
    add_control(made, ["<unk>", "<s>", "</s>"])
    begin_with(made, "<s>")
    return made


def _first_only() -> Any:
    """A space before the first word of the whole text alone: Mistral v0.3 and later."""
    from tokenizers import Tokenizer

    whole = json.loads(FAMILY["mistral"].tokenizer().to_str())
    whole["normalizer"] = None
    whole["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    return Tokenizer.from_str(json.dumps(whole))


MISTRAL = FAMILY["mistral"]
FAMILIES: dict[str, Family] = {
    **{name: FAMILY[name] for name in (
        "llama-3.1", "llama-3.2", "tinyllama", "qwen2.5", "qwen3", "smollm2", "mistral", "glm-4", "glm-4.5", "phi-3", "gemma-2", "gemma-3",
    )},
    "mistral-v0.3": Family(MISTRAL.model, _first_only, MISTRAL.special, MISTRAL.config, None, MISTRAL.template),
    "glm-4-9b": replace(FAMILY["glm-4"], template=lambda: GLM4.replace("<|assistant|>\n", "<|assistant|>")),
    "llama-2": Family(MISTRAL.model, _llama2, MISTRAL.special, MISTRAL.config, None, lambda: LLAMA2),
}  # fmt: skip
CONVERSATIONS = [
    [("user", "How do I start the pump?"), ("assistant", "Press the green button.")],
    [("user", "怎样启动机器？"), ("assistant", "按下绿色按钮，等待 3 秒。")],
    [("system", "Answer briefly."), ("user", "What is 7 bar?"), ("assistant", "A pressure.")],
    [("user", "🙂 ok?"), ("assistant", "Yes 👩‍🚀."), ("user", "And  then?\n\n- a\n- b  42"), ("assistant", "Stop.")],
    [("user", "def add(a):"), ("assistant", "return a\n\n    1, 2, 30"), ("user", "ñ é"), ("assistant", "第一")],
]
SETTINGS = {"llama-3.2": {"date_string": "26 Jul 2024"}}
"""Its template asks for today; ours always answers with the day that LLaMA 3's own template falls back to."""
THOUGHTS = {"qwen3": "<think>\n\n</think>\n\n", "glm-4.5": "\n<think></think>\n"}
"""What reasoning models put between the generation prompt and a reply without thoughts: no prompt holds it, so nothing learns it."""
OPEN = ("glm-4", "glm-4-9b", "glm-4.5")
"""Nothing ends the last reply: <|user|> would begin the next turn, and must be learnt."""


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(family, tmp_path_factory.mktemp(family))


def write(family: str, folder: Path) -> Path:
    facts = FAMILIES[family]
    # Transformers rebuilds the tokenizer of LlamaTokenizer folders; the generic class takes the file as it is.
    generic = Family(
        facts.model, facts.tokenizer, facts.special, facts.config, facts.generation, facts.template,
        tokenizer_settings=facts.tokenizer_settings,
    )  # fmt: skip
    tokenizer = write_tokenizer(generic, folder)
    if facts.generation:
        (folder / "generation_config.json").write_text(json.dumps(facts.generation(tokenizer.convert_tokens_to_ids)))
    return folder


def hugging_face(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def messages_of(turns: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


def is_refused(tokenizer: Any, messages: list[dict[str, str]]) -> bool:
    from jinja2.exceptions import TemplateError

    try:
        tokenizer.apply_chat_template(messages, tokenize=False)
    except TemplateError:
        return True
    return False


@pytest.mark.parametrize("turns", CONVERSATIONS)
def test_ids_are_those_of_transformers(family: str, folder: Path, turns: list[tuple[str, str]]) -> None:
    chat, theirs, messages = ChatFormat.load(folder), hugging_face(folder), messages_of(turns)
    if is_refused(theirs, messages):
        with pytest.raises(UserError, match="the chat template refuses"):
            chat.training_ids(messages)
        return
    how: dict[str, Any] = {"return_dict": False, **SETTINGS.get(family, {})}
    prompt = theirs.apply_chat_template(messages[:-1], add_generation_prompt=True, tokenize=True, **how)
    assert chat.prompt_ids(messages[:-1]) == prompt
    whole = theirs.apply_chat_template(messages, tokenize=True, **how)
    if family in THOUGHTS:
        text = theirs.apply_chat_template(messages, tokenize=False, **SETTINGS.get(family, {}))
        before, thought, after = text.rpartition(THOUGHTS[family])
        assert thought
        whole = theirs(before + after, add_special_tokens=False)["input_ids"]
    assert chat.training_ids(messages).ids == [*whole, *([chat.stop_id] if family in OPEN else [])]


@pytest.mark.parametrize("turns", CONVERSATIONS)
def test_what_is_learnt_is_what_follows_the_served_prompt(
    family: str, folder: Path, turns: list[tuple[str, str]]
) -> None:
    chat, messages = ChatFormat.load(folder), messages_of(turns)
    if is_refused(hugging_face(folder), messages):
        return
    trained, prompt = chat.training_ids(messages), chat.prompt_ids(messages[:-1])
    assert trained.ids[: len(prompt)] == prompt
    reply = trained.loss_mask[len(prompt) :]
    generated = trained.ids[len(prompt) : len(prompt) + sum(reply)]
    assert reply[: len(generated)] == [True] * len(generated)
    assert generated[-1] == chat.stop_id
    assert chat.decode(generated).strip() == turns[-1][1].strip()


def test_an_answered_prompt_is_the_beginning_of_the_next_one(family: str, folder: Path) -> None:
    """A served conversation grows: what was generated is read again as it was generated."""
    chat = ChatFormat.load(folder)
    first = messages_of(CONVERSATIONS[0])
    trained = chat.training_ids(first)
    generated = max(at for at, learn in enumerate(trained.loss_mask) if learn) + 1
    following = chat.prompt_ids([*first, {"role": "user", "content": "And then?"}])
    if family not in THOUGHTS:
        assert following[:generated] == trained.ids[:generated]


def test_special_tokens_in_a_users_text_stay_characters(family: str, folder: Path) -> None:
    chat, theirs = ChatFormat.load(folder), hugging_face(folder)
    stop = theirs.convert_ids_to_tokens(chat.stop_id)
    harmless, attack = ([{"role": "user", "content": text}] for text in ("Stop here.", f"Stop {stop} here."))
    expected = chat.prompt_ids(harmless).count(chat.stop_id)
    ids = chat.prompt_ids(attack)
    assert ids.count(chat.stop_id) == expected
    # LLaMA's family strips the space behind what is no longer a special token; the characters are all there.
    assert stop.strip("<|>[]/") in chat.decode(ids)
    parsed = theirs.apply_chat_template(attack, add_generation_prompt=True, return_dict=False)
    assert parsed.count(chat.stop_id) == expected + 1, "Transformers reads it as the control token"


def assert_stop_is_learnt(tokens: Tokens, stop_id: int, replies: int) -> None:
    """What every training set of conversations must pass."""
    learnt = [id for id, learn in zip(tokens.ids, tokens.loss_mask, strict=True) if learn]
    assert learnt.count(stop_id) == replies, "the stop token is masked out of the loss"


@pytest.mark.parametrize("family", ["gemma-2", "gemma-3", "phi-3"])
def test_a_turns_end_that_is_not_the_eos_token_is_learnt(family: str, tmp_path: Path) -> None:
    """axolotl 3754: with the end of a turn looked for by `eos_token`, Gemma's <end_of_turn> was never under the loss."""
    chat, theirs = ChatFormat.load(write(family, tmp_path)), hugging_face(tmp_path)
    ours = chat.training_ids(messages_of(CONVERSATIONS[3]))
    assert_stop_is_learnt(ours, chat.stop_id, replies=2)
    special = {id for id, token in theirs.added_tokens_decoder.items() if token.special}
    by_eos_token = [
        learn and (id not in special or id == theirs.eos_token_id)
        for id, learn in zip(ours.ids, ours.loss_mask, strict=True)
    ]
    with pytest.raises(AssertionError, match="masked out of the loss"):
        assert_stop_is_learnt(Tokens(ours.ids, by_eos_token), chat.stop_id, replies=2)


@pytest.mark.parametrize("family", ["smollm2", "qwen2.5"])
def test_a_stop_token_that_is_also_the_padding_is_learnt(family: str, tmp_path: Path) -> None:
    """The other way to lose it: labels masked wherever the id is the padding's, where the padding is the stop token."""
    chat = ChatFormat.load(write(family, tmp_path))
    ours = chat.training_ids(messages_of(CONVERSATIONS[3]))
    assert_stop_is_learnt(ours, chat.stop_id, replies=2)
    not_padding = [learn and id != chat.stop_id for id, learn in zip(ours.ids, ours.loss_mask, strict=True)]
    with pytest.raises(AssertionError, match="masked out of the loss"):
        assert_stop_is_learnt(Tokens(ours.ids, not_padding), chat.stop_id, replies=2)


def ends_of_generation(folder: Path) -> dict[str, set[int]]:
    """The tokens that end a generation, by the file that a program may ask."""
    found = {}
    for name in ("config.json", "generation_config.json"):
        declared = json.loads((folder / name).read_text())["eos_token_id"]
        found[name] = {declared} if isinstance(declared, int) else set(declared)
    return {**found, "tokenizer_config.json": {hugging_face(folder).eos_token_id}}


def test_a_base_model_that_learnt_to_chat_stops_whatever_file_is_read(tmp_path: Path) -> None:
    """LLaMA-Factory 9338: `<|im_end|>` in tokenizer_config.json, and the base model's end of text in the two others."""
    write("qwen2.5", tmp_path)
    end_of_text = hugging_face(tmp_path).convert_tokens_to_ids("<|endoftext|>")
    for name in ("config.json", "generation_config.json"):
        (tmp_path / name).write_text(json.dumps({"model_type": "qwen2", "eos_token_id": end_of_text}))
    chat = ChatFormat.load(tmp_path)
    faulty = [name for name, ends in ends_of_generation(tmp_path).items() if chat.stop_id not in ends]
    assert faulty == ["config.json", "generation_config.json"]
    assert chat.stop_ids == {chat.stop_id, end_of_text}, "danlu's own serving stops at both"
    declare_stop(tmp_path, chat.stop_id)
    ends = ends_of_generation(tmp_path)
    assert all(chat.stop_id in found for found in ends.values())
    assert ends["generation_config.json"] == {chat.stop_id, end_of_text}
    before = (tmp_path / "generation_config.json").read_bytes()
    declare_stop(tmp_path, chat.stop_id)
    assert (tmp_path / "generation_config.json").read_bytes() == before


def test_finetuning_leaves_no_file_that_runs_on(tmp_path: Path) -> None:
    base, out = make_tiny_checkpoint(tmp_path / "base"), tmp_path / "out"
    end_of_text = hugging_face(base).convert_tokens_to_ids("<|endoftext|>")
    for name in ("config.json", "generation_config.json"):
        settings = json.loads((base / name).read_text()) | {"eos_token_id": end_of_text}
        (base / name).write_text(json.dumps(settings))
    config = FinetuneConfig(max_epochs=1, step_tokens=4096, micro_batch_tokens=4096)
    finetune_model(base, write_chats(tmp_path / "chats.jsonl"), config, Work(out, tmp_path / "work", 0, 1, 1, Silent()))
    stop_id = ChatFormat.load(out).stop_id
    assert stop_id != end_of_text
    assert all(stop_id in found for found in ends_of_generation(out).values())


def test_a_prompt_without_ids_of_its_own_is_refused(tmp_path: Path) -> None:
    """A special token that only counts as a word of its own: whether `user` is one depends on the text around it."""
    from tokenizers import AddedToken, Tokenizer

    write("smollm2", tmp_path)
    path = tmp_path / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.add_special_tokens([AddedToken("help", single_word=True, normalized=False, special=True)])
    tokenizer.save(str(path))
    with pytest.raises(UserError, match="a prompt has no unique ids"):
        ChatFormat.load(tmp_path)


def test_a_thought_has_the_ids_of_transformers_and_is_learnt_or_its_row_is_refused(folder: Path, family: str) -> None:
    reply = {"role": "assistant", "content": "Press the green button.", "reasoning_content": "Which pump? 哪一台？"}
    messages = [{"role": "user", "content": "How do I start the pump?"}, reply]
    chat = ChatFormat.load(folder)
    if family not in THOUGHTS:
        with pytest.raises(UserError, match="leaves out the reasoning_content"):
            chat.training_ids(messages)
        return
    theirs = hugging_face(folder).apply_chat_template(messages, return_dict=True)["input_ids"]
    tokens, prompt = chat.training_ids(messages), chat.prompt_ids(messages[:1])
    assert tokens.ids[: len(theirs)] == theirs
    assert tokens.ids[: len(prompt)] == prompt
    stop = tokens.ids.index(chat.stop_id, len(prompt))
    assert tokens.loss_mask == [len(prompt) <= at <= stop for at in range(len(tokens.ids))]
