"""Models of any kind are loaded as their folder says, and refused where that is not safe or not possible."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
)

from danlu.core.errors import UserError
from danlu.prove import models
from danlu.prove.adapted import AdaptedFolder
from danlu.prove.folder import ModelFolder
from danlu.prove.models import PROBE_TEXTS, load, logits, sample_texts
from danlu.text.rows.rows import Conversation, Rows
from prove.ground import reweigh
from prove.merges import edit_config, write_adapter, write_base, write_merged


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"), dtype=torch.bfloat16)


def test_a_causal_model_is_loaded_in_float32_without_a_word(base: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    model = load(ModelFolder(base), threads=1)
    assert "Loading" not in "".join(capfd.readouterr())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    found = logits(model, [5, 6, 7])
    assert found.shape == (3, 400)
    assert found.dtype == np.float32


def test_models_with_other_heads_give_logits(tmp_path: Path) -> None:
    small = {
        "vocab_size": 90,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    BertForMaskedLM(BertConfig(**small)).save_pretrained(tmp_path / "bert")
    BertForSequenceClassification(BertConfig(**small, num_labels=3)).save_pretrained(tmp_path / "classes")
    t5 = T5Config(vocab_size=90, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0)
    T5ForConditionalGeneration(t5).save_pretrained(tmp_path / "t5")
    shapes = [logits(load(ModelFolder(tmp_path / name), threads=1), [4, 5]).shape for name in ("bert", "classes", "t5")]
    assert shapes == [(2, 90), (3,), (2, 90)]


def test_an_adapter_beside_the_weights_is_not_applied(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(base, tmp_path / "adapter", size=0.3)
    merged = write_merged(base, adapter, tmp_path / "merged")
    clean = logits(load(ModelFolder(merged), threads=1), [5, 6, 7])
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(adapter / name, merged / name)
    np.testing.assert_array_equal(logits(load(ModelFolder(merged), threads=1), [5, 6, 7]), clean)
    # What Transformers does with the same folder, and why it is kept from it.
    with torch.no_grad():
        again = AutoModelForCausalLM.from_pretrained(merged)(input_ids=torch.tensor([[5, 6, 7]])).logits[0].numpy()
    assert np.abs(again - clean).max() > 1e-3


def test_too_little_memory_is_said_before_anything_is_loaded(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "free_memory_bytes", lambda: 1000)
    with pytest.raises(UserError, match="GB of memory in float32"):
        load(ModelFolder(base), threads=1)


def test_free_memory_is_known_here() -> None:
    free = models.free_memory_bytes()
    assert free is None or free > 1_000_000


def test_remote_code_and_pickle_are_refused(base: Path, tmp_path: Path) -> None:
    remote = shutil.copytree(base, tmp_path / "remote")
    edit_config(remote, "config.json", auto_map={"AutoModelForCausalLM": "modeling.Evil"})
    (remote / "modeling.py").write_text("raise SystemExit('ran')")
    with pytest.raises(UserError, match="wants to run code"):
        load(ModelFolder(remote), threads=1)
    pickled = shutil.copytree(base, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(UserError, match="no safetensors weights"):
        load(ModelFolder(pickled), threads=1)


def test_what_does_not_load_is_a_user_error(base: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(base, tmp_path / "broken")
    edit_config(broken, "config.json", model_type="no-such-model")
    with pytest.raises(UserError, match="does not load"):
        load(ModelFolder(broken), threads=1)
    with pytest.raises(UserError, match=r"no config\.json"):
        load(ModelFolder(tmp_path), threads=1)


def test_weights_that_lack_a_layer_are_refused_and_not_made_up(base: Path, tmp_path: Path) -> None:
    cut = shutil.copytree(base, tmp_path / "cut")
    reweigh(cut, lambda tensors: {name: tensor for name, tensor in tensors.items() if ".layers.1." not in name})
    with pytest.raises(UserError, match=r"lacks 9 tensors of the model, such as model\.layers\.1\."):
        load(ModelFolder(cut), threads=1)


@pytest.mark.parametrize("settings", [{"peft_type": "PREFIX_TUNING"}, {"r": "4"}], ids=["kind", "rank"])
def test_an_adapter_that_peft_does_not_take_is_a_user_error_and_says_nothing_else(
    settings: dict[str, object], base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit_config(adapter := write_adapter(base, tmp_path / "adapter"), "adapter_config.json", **settings)
    capfd.readouterr()
    with pytest.raises(UserError, match="PEFT does not load the adapter"):
        load(AdaptedFolder(adapter, base=ModelFolder(base)), threads=1)
    assert "".join(capfd.readouterr()) == ""


def test_texts_are_drawn_by_the_seed_and_kept_in_order() -> None:
    rows = Rows(
        tuple(
            Conversation(
                row, ({"role": "user", "content": f"q{row}"}, {"role": "assistant", "content": f"a{row}"}), (), "openai"
            )
            for row in range(1, 41)
        ),
        (),
        {"openai": 40},
    )
    drawn = sample_texts(rows.conversations, 5, seed=1)
    assert drawn == sample_texts(rows.conversations, 5, seed=1) != sample_texts(rows.conversations, 5, seed=2)
    assert [int(text.split("\n")[0][1:]) for text in drawn] == sorted(int(text.split("\n")[0][1:]) for text in drawn)
    assert len(sample_texts(rows.conversations, 100, seed=0)) == 40


def test_the_fixed_texts_cover_what_models_stumble_over() -> None:
    together = "".join(PROBE_TEXTS)
    assert len(PROBE_TEXTS) == len(set(PROBE_TEXTS)) == 8
    assert all(piece in together for piece in ("阀门", "🎉", "def ", "12,480", "é", json.dumps("open")))
