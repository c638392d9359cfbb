"""danlu writes conversations as the trainers do: every template is held to what the tool itself wrote (recorded/)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from danlu.core.errors import Phrase, UserError
from danlu.prove.folder import ModelFolder
from danlu.prove.trainers import trl
from danlu.prove.trainers.once import written_once
from danlu.prove.trainers.resolve import known_names, resolve
from danlu.prove.trainers.tokens import copy_of
from danlu.prove.trainers.trainer import CannotRender, Rendition, Trainer
from danlu.text.rows.rows import Conversation
from danlu.text.rows.shapes import fit
from prove import probes, recordings


def recorded(tool: str) -> dict[str, dict[str, str]]:
    path = recordings.RECORDED / f"{tool}.json"
    cases: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return cases


@pytest.mark.parametrize("tool", ["llamafactory", "swift", "axolotl", "trl"])
def test_every_rendition_equals_what_the_tool_itself_wrote(tool: str) -> None:
    if tool == "trl" and not trl.templates():
        pytest.skip("its templates are read from TRL itself")
    cases = recorded(tool)
    differing = [line for case, digests in cases.items() for line in recordings.differences(tool, case, digests)]
    assert differing == []


@pytest.mark.parametrize("tool", ["llamafactory", "swift", "axolotl"])
def test_every_template_of_our_tables_is_recorded_and_can_write_plain_text(tool: str) -> None:
    cases = recorded(tool)
    for name in recordings.names(tool):
        written = [recordings.renditions(tool, f"{kind} {name}") for kind in probes.TOKENIZERS]
        tested = [cases[f"{kind} {name}"] for kind in probes.TOKENIZERS]
        assert any(ours["english"] == theirs["english"] for ours, theirs in zip(written, tested, strict=True)), name


def chat(*turns: tuple[str, str], **columns: Any) -> Conversation:
    messages = [{"role": role, "content": content} for role, content in turns]
    return Conversation(1, *fit({"messages": messages, **columns}))


HELLO = chat(("user", "Hi"), ("assistant", "Hello"))
TEXT = Conversation(1, *fit({"text": "Once upon a time."}))
CALLS = Conversation(1, *fit({"messages": [
    {"role": "user", "content": "?"},
    {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": probes.CALL}]},
]}))  # fmt: skip


def learnt_text(rendition: Rendition, folder: ModelFolder) -> str:
    assert rendition.learnt is not None
    return str(folder.tokenizer.decode([token for token, learns in zip(*rendition[:2], strict=True) if learns]))


def configured(tmp_path: Path, tool: str, **settings: Any) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return f"{tool}:{path}"


def folder() -> ModelFolder:
    return recordings.tokenizer_folder("bytes")


def test_axolotl_masks_out_a_terminator_that_is_not_its_eos(tmp_path: Path) -> None:
    """axolotl #3754: chatml ends turns with <|im_end|> while the tokenizer's EOS is <|endoftext|>."""
    named: dict[str, Any] = {"chat_template": "chatml", "sequence_len": 100}
    rendition = resolve(configured(tmp_path, "axolotl", **named)).render(HELLO, folder())
    assert learnt_text(rendition, folder()) == "Hello"
    rendition = resolve(configured(tmp_path, "axolotl", **named, eot_tokens=["<|im_end|>"])).render(HELLO, folder())
    assert learnt_text(rendition, folder()) == "Hello<|im_end|>"


def test_trl_learns_everything_unless_told_otherwise(tmp_path: Path) -> None:
    rendition = resolve(configured(tmp_path, "trl", max_length=100)).render(HELLO, folder())
    assert rendition.learnt == [True] * len(rendition.ids)
    trainer = resolve(configured(tmp_path, "trl", assistant_only_loss=True))
    assert learnt_text(trainer.render(HELLO, folder()), folder()) == "Hello<|im_end|>"


@pytest.mark.parametrize("text", ["Once upon a time.", "Once.<|endoftext|>"])
def test_trl_learns_plain_text_whole_as_its_own_trainer_does(tmp_path: Path, text: str) -> None:
    trl_package = pytest.importorskip("trl")
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=500, num_key_value_heads=1, **sizes))
    config = trl_package.SFTConfig(str(tmp_path), report_to=[], use_cpu=True, bf16=False, disable_tqdm=True)
    trainer = trl_package.SFTTrainer(
        model, config, train_dataset=Dataset.from_list([{"text": text}]), processing_class=copy_of(folder())
    )
    written = trainer.train_dataset[0]
    conversation = Conversation(1, *fit({"text": text}))
    rendition = resolve(configured(tmp_path, "trl", max_length=100)).render(conversation, folder())
    assert rendition.ids == list(written["input_ids"])
    assert rendition.learnt == [label != -100 for label in written["labels"]]


def test_a_template_file_alone_writes_no_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.jinja"
    path.write_text(probes.TEMPLATE, encoding="utf-8")
    with pytest.raises(CannotRender) as raised:
        resolve(f"jinja:{path}").render(TEXT, folder())
    assert "no turns" in str(raised.value.reason)


@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        ("jinja", None),
        ("trl", {"chat_template_path": "gbk.jinja"}),
        ("axolotl", {"chat_template": "jinja", "chat_template_jinja": "gbk.jinja"}),
    ],
)
def test_a_template_in_another_encoding_says_so(tmp_path: Path, tool: str, settings: dict[str, Any] | None) -> None:
    path = tmp_path / "gbk.jinja"
    path.write_bytes("{{ '你是助手' }}".encode("gbk"))
    with pytest.raises(UserError, match="cannot be read as a template"):
        resolve(f"jinja:{path}" if settings is None else configured(tmp_path, tool, **settings))


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        ({"path": "b", "type": "alpaca"}, "type"),
        ({"path": "b", "type": "chat_template", "train_on_eos": "all", "roles_to_train": []}, "roles_to_train, train_on_eos"),
        ({"path": "b", "type": "chat_template", "chat_template": "llama3"}, "chat_template"),
    ],
)  # fmt: skip
def test_axolotl_datasets_that_differ_are_not_taken_for_one(
    tmp_path: Path, other: dict[str, Any], differing: str
) -> None:
    datasets = [{"path": "a", "type": "chat_template"}, {"path": "c", "type": "chat_template"}, other]
    with pytest.raises(UserError) as raised:
        resolve(configured(tmp_path, "axolotl", chat_template="chatml", datasets=datasets))
    assert f"its 3 datasets differ in {differing}, and" in raised.value.message


def test_axolotl_datasets_that_agree_are_followed(tmp_path: Path) -> None:
    datasets = [
        {"path": "a", "type": "chat_template", "train_on_eos": "turn"},
        {"path": "b", "split": "train[:10%]", "chat_template": "chatml", "field_messages": "conversations",
         "message_property_mappings": {"role": "from", "content": "value"}},
    ]  # fmt: skip
    trainer = resolve(configured(tmp_path, "axolotl", chat_template="chatml", datasets=datasets))
    assert learnt_text(trainer.render(HELLO, folder()), folder()) == "Hello"


def test_a_name_is_resolved_without_loading_any_model_library() -> None:
    code = (
        "import sys; from danlu.prove.trainers.resolve import resolve; "
        "[resolve(spec) for spec in ('llamafactory:qwen', 'swift:qwen', 'axolotl:chatml', 'trl:default')]; "
        "print({'torch', 'transformers', 'datasets', 'trl', 'pyarrow'} & set(sys.modules))"
    )
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": str(source)}
    )
    assert done.stdout.strip() == "set()"


def test_a_name_alone_says_how_text_is_written_and_not_what_is_learnt() -> None:
    for spec in ("llamafactory:qwen", "axolotl:chatml", "trl:default", "swift:qwen2_5"):
        rendition = resolve(spec).render(HELLO, folder())
        assert rendition.learnt is None
        assert not rendition.truncated


def test_a_rendition_that_was_cut_says_so(tmp_path: Path) -> None:
    long = chat(("user", "Hi"), ("assistant", "Hello " * 50))
    cut = resolve(configured(tmp_path, "llamafactory", template="qwen", cutoff_len=20)).render(long, folder())
    assert cut.truncated
    assert len(cut.ids) <= 20
    assert (
        not resolve(configured(tmp_path, "llamafactory", template="qwen", cutoff_len=2000))
        .render(HELLO, folder())
        .truncated
    )


def test_loss_on_the_prompt_is_asked_for_only_where_the_file_says_so(tmp_path: Path) -> None:
    assert resolve(configured(tmp_path, "llamafactory", template="qwen", train_on_prompt=True)).asks_for_prompt_loss
    assert not resolve(configured(tmp_path, "llamafactory", template="qwen")).asks_for_prompt_loss
    assert not resolve(configured(tmp_path, "trl", max_length=10)).asks_for_prompt_loss
    assert resolve(configured(tmp_path, "trl", assistant_only_loss=False)).asks_for_prompt_loss
    assert resolve(configured(tmp_path, "axolotl", chat_template="chatml", train_on_inputs=True)).asks_for_prompt_loss


@pytest.mark.parametrize(
    "spec",
    ["llama-factory:qwen", "LLaMA-Factory:qwen", "llamafactory:qwen", "ms-swift:qwen", "swift:qwen", "MS_SWIFT:qwen"],
)
def test_usual_spellings_of_the_tools_are_taken(spec: str) -> None:
    assert resolve(spec).name == "qwen"


@pytest.mark.parametrize(
    ("spec", "near"),
    [
        ("llamafactory:qwen-3", "did you mean qwen3?"),
        ("axolotl:chatlm", "did you mean chatml?"),
        ("swift:qwen25", "did you mean qwen2_5?"),
        ("lamafactory:qwen", "did you mean llamafactory?"),
        ("qwen", "TOOL:NAME"),
        ("foo", "swift, jinja"),
        ("llamafactory", "swift, jinja"),
        ("llamafactory:zzzz", "known: aeva"),
        ("trl:", "TOOL:NAME"),
        ("swift:no/such.json", "configuration file"),
        ("jinja:no/such.jinja", "Jinja"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_known_one(spec: str, near: str) -> None:
    with pytest.raises(UserError) as raised:
        resolve(spec)
    assert near in str(raised.value)
    assert near.startswith("did you mean") or "did you mean" not in str(raised.value)


@pytest.mark.parametrize(
    ("tool", "settings", "problem"),
    [
        ("llamafactory", {"stage": "sft"}, "names no template"),
        ("llamafactory", {"template": "qwen", "cutoff_len": "many"}, "cutoff_len is 'many', expected int"),
        ("llamafactory", {"template": "qwen", "stage": "dpo"}, "only sft"),
        ("axolotl", {"datasets": [{"type": "alpaca"}]}, "type is alpaca"),
        ("axolotl", {"chat_template": "jinja"}, "without chat_template_jinja"),
        ("swift", {"template": "qwen", "loss_scale": "react"}, "loss_scale react"),
        ("swift", {"template": "qwen", "template_backend": "jinja"}, "template_backend is jinja"),
        ("trl", {"chat_template_path": "gone.jinja"}, "no such file"),
    ],
)
def test_a_configuration_that_cannot_be_followed_says_why(
    tmp_path: Path, tool: str, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UserError) as raised:
        resolve(configured(tmp_path, tool, **settings))
    assert problem in raised.value.message


def test_a_configuration_that_is_no_yaml_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("[: {", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        resolve(f"axolotl:{path}")


def test_what_cannot_be_written_exactly_is_refused_with_the_reason() -> None:
    tools = {"tools": [probes.TOOL]}
    for spec, conversation, reason in (
        ("llamafactory:chatml", chat(("user", "Hi"), ("assistant", "Hello"), **tools), "tool format default"),
        ("swift:chatml", chat(("user", "Hi"), ("assistant", "Hello"), **tools), "agent template none"),
        ("llamafactory:qwen", chat(("user", "a"), ("user", "b"), ("assistant", "c")), "drops this row"),
        ("llamafactory:lfm2", chat(("user", "Hi"), ("assistant", "Hello"), **tools), "tool format lfm2"),
        ("llamafactory:lfm2", CALLS, "tool format lfm2"),
        ("llamafactory:qwen", chat(("user", "<image> a"), ("assistant", "c")), "place for media"),
        ("llamafactory:qwen", TEXT, "shape text"),
        ("swift:qwen", TEXT, "shape text"),
        ("axolotl:chatml", TEXT, "shape text"),
    ):
        with pytest.raises(CannotRender) as raised:
            resolve(spec).render(conversation, folder())
        assert reason in str(raised.value.reason)


def test_rendering_leaves_the_folders_tokenizer_as_it_was() -> None:
    before = (folder().tokenizer.eos_token, len(folder().tokenizer))
    resolve("llamafactory:chatml").render(HELLO, folder())
    resolve("llamafactory:zephyr").render(HELLO, folder())
    assert (folder().tokenizer.eos_token, len(folder().tokenizer)) == before


def test_a_template_file_is_written_as_transformers_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.jinja"
    path.write_text(probes.TEMPLATE, encoding="utf-8")
    trainer = resolve(f"jinja:{path}")
    text = folder().tokenizer.apply_chat_template(list(HELLO.messages), chat_template=probes.TEMPLATE, tokenize=False)
    assert folder().tokenizer.decode(trainer.render(HELLO, folder()).ids) == text
    assert trainer.tool == "jinja"


def test_the_templates_that_people_use_most_are_known() -> None:
    known = set(known_names("llamafactory"))
    assert known >= set(
        "default empty alpaca vicuna chatml llama2 llama2_zh llama3 llama4 mistral ministral mistral_small gemma gemma2 "
        "gemma3 qwen qwen3 qwen3_nothink glm4 glm4_moe chatglm3 intern2 yi deepseek deepseek3 deepseekr1 phi phi4 "
        "falcon zephyr smollm smollm2 cohere granite3 olmo gpt_oss".split()
    )
    assert set(known_names("swift")) >= set(
        "chatml qwen qwen2_5 qwen3 llama llama3 llama3_2 gemma glm4 internlm2 deepseek deepseek_v2_5 baichuan phi3 phi4 "
        "default".split()
    )


def test_a_trainer_asked_twice_writes_each_conversation_once() -> None:
    model = folder()
    asked: list[str] = []

    def write(conversation: Conversation, _: ModelFolder) -> Rendition:
        asked.append(conversation.shape)
        if conversation is TEXT:
            raise CannotRender(Phrase("its template is not known"))
        return Rendition([5, 6], [False, True], truncated=True)

    trainer = written_once(Trainer("jinja", "own", "a file", None, False, write))
    for _ in range(2):
        assert trainer.render(HELLO, model) == Rendition([5, 6], [False, True], truncated=True)
        with pytest.raises(CannotRender, match="its template is not known"):
            trainer.render(TEXT, model)
    assert asked == ["openai", "text"]
