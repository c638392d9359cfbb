"""files.* and config.*: each planted in a small healthy checkpoint, found by the check meant for it and by no other."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from danlu.core.errors import UserError
from danlu.core.library_errors import first_words
from danlu.core.progress import Silent
from danlu.prove.config.dropped import belonging
from danlu.prove.config.files import check_files
from danlu.prove.config.generation import check_generation
from danlu.prove.config.stopping import check_stops
from danlu.prove.config.tokens import check_tokens
from danlu.prove.config.weights import check_weights
from danlu.prove.finding import Finding, Verdict
from danlu.prove.folder import open_folder
from danlu.prove.models import load
from danlu.prove.request import Request
from danlu.prove.run import prove
from danlu.prove.shaping import differing
from danlu.prove.skeleton import gaps, not_comparable
from danlu.prove.stops import stop_ids, token_text, turn_terminator
from danlu.prove.tensors import read_header
from prove import zoo, zoo_models
from prove.ground import Ground, copy, read, reweigh
from prove.zoo import FAMILIES
from tiny import make_tiny_checkpoint

INDEX = "model.safetensors.index.json"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_checkpoint(tmp_path_factory.mktemp("healthy"))


@pytest.fixture
def copied(healthy: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(healthy, tmp_path / "model"))


def findings(folder: Path, base: Path | None = None) -> dict[str, Finding]:
    model = open_folder(folder)
    found = list(check_files(model))
    if found[0].verdict is Verdict.PASS:
        found += [*check_tokens(model), *check_weights(model, open_folder(base) if base else None)]
    return {finding.check.name: finding for finding in found}


def failed(folder: Path, base: Path | None = None) -> list[str]:
    return [name for name, finding in findings(folder, base).items() if finding.verdict is Verdict.FAIL]


def edit(path: Path, **fields: Any) -> None:
    facts = json.loads(path.read_text(encoding="utf-8")) | fields
    path.write_text(json.dumps({name: value for name, value in facts.items() if value is not None}), encoding="utf-8")


def rewrite(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def test_a_healthy_model_fails_nothing(healthy: Path) -> None:
    assert failed(healthy, healthy) == []


def test_the_terminator_is_what_the_template_puts_after_a_reply(healthy: Path) -> None:
    model = open_folder(healthy)
    terminator = turn_terminator(model)
    assert terminator is not None and token_text(model, terminator) == "<|im_end|>"
    assert stop_ids(model) == (terminator,)


def test_an_end_token_that_generation_does_not_stop_on_is_found(copied: Path) -> None:
    edit(copied / "generation_config.json", eos_token_id=0)
    assert failed(copied) == ["config.eos"]


def test_an_end_token_that_config_json_alone_names_otherwise_is_told_and_no_fault(copied: Path) -> None:
    """The layout of Yi-Chat."""
    edit(copied / "config.json", eos_token_id=0)
    finding = findings(copied)["config.eos"]
    assert finding.verdict is Verdict.PASS
    assert any("config.json alone names another one" in str(line) for line in finding.evidence)
    (copied / "generation_config.json").unlink()
    assert failed(copied) == ["config.eos"]


def test_an_end_token_changed_in_the_tokenizer_alone_is_found(copied: Path) -> None:
    edit(copied / "tokenizer_config.json", eos_token="<|endoftext|>")
    assert failed(copied) == ["config.eos"]


def test_several_end_tokens_are_healthy(copied: Path) -> None:
    stop = json.loads((copied / "config.json").read_text())["eos_token_id"]
    edit(copied / "generation_config.json", eos_token_id=[stop, 0])
    assert failed(copied) == []


def test_beginnings_that_tokenizer_and_generation_name_differently_are_found(copied: Path) -> None:
    edit(copied / "tokenizer_config.json", bos_token="<|im_start|>")
    edit(copied / "generation_config.json", bos_token_id=0)
    assert failed(copied) == ["config.bos"]


def test_a_beginning_that_config_json_alone_names_otherwise_is_told_and_no_fault(copied: Path) -> None:
    """The layout of DeepSeek-R1-Distill-Qwen."""
    edit(copied / "tokenizer_config.json", bos_token="<|im_start|>")
    start = open_folder(copied).tokenizer.bos_token_id
    edit(copied / "generation_config.json", bos_token_id=start)
    edit(copied / "config.json", bos_token_id=0)
    finding = findings(copied)["config.bos"]
    assert finding.verdict is Verdict.PASS and "which nobody reads" in str(finding.evidence[-1])


@pytest.mark.parametrize("token", [-1, 200, 100_000])
def test_padding_with_text_or_with_no_token_at_all_is_found(copied: Path, token: int) -> None:
    edit(copied / "generation_config.json", pad_token_id=token)
    assert failed(copied) == ["config.pad"]


def test_control_tokens_for_padding_may_differ_between_files(copied: Path) -> None:
    edit(copied / "config.json", pad_token_id=1)
    edit(copied / "generation_config.json", pad_token_id=2)
    assert failed(copied) == []


def test_a_token_without_a_row_is_found(copied: Path) -> None:
    rows = json.loads((copied / "config.json").read_text())["vocab_size"] - 3
    name = "model.embed_tokens.weight"
    rewrite(copied, lambda tensors: tensors | {name: np.ascontiguousarray(tensors[name][:rows])})
    edit(copied / "config.json", vocab_size=rows)
    assert failed(copied) == ["config.vocabulary"]


def test_rows_beyond_the_vocabulary_are_healthy(copied: Path) -> None:
    name = "model.embed_tokens.weight"
    rewrite(copied, lambda tensors: tensors | {name: np.pad(tensors[name], ((0, 64), (0, 0)))})
    edit(copied / "config.json", vocab_size=json.loads((copied / "config.json").read_text())["vocab_size"] + 64)
    assert failed(copied) == []


def test_a_head_that_loading_would_drop_is_found(copied: Path) -> None:
    rewrite(copied, lambda tensors: tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"] * 2})
    assert failed(copied) == ["config.tied"]


def test_a_head_that_is_missing_is_found(copied: Path) -> None:
    edit(copied / "config.json", tie_word_embeddings=False)
    assert failed(copied) == ["config.tied"]


def test_a_head_stored_twice_but_equal_is_healthy(copied: Path) -> None:
    rewrite(copied, lambda tensors: tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].copy()})
    assert failed(copied) == []


def test_a_type_that_was_only_declared_is_found(copied: Path) -> None:
    edit(copied / "config.json", dtype="bfloat16")
    assert failed(copied) == ["config.dtype"]


def test_one_matrix_of_another_type_is_found_and_named(copied: Path) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    rewrite(copied, lambda tensors: tensors | {name: tensors[name].astype(np.float16)})
    finding = findings(copied)["config.dtype"]
    assert finding.verdict is Verdict.FAIL
    assert any(name in str(line) for line in finding.evidence)


def test_norms_that_are_kept_wider_are_healthy(copied: Path) -> None:
    rewrite(
        copied, lambda t: {name: value.astype(np.float16) if value.ndim > 1 else value for name, value in t.items()}
    )
    edit(copied / "config.json", dtype="float16")
    assert failed(copied) == []


def test_packed_weights_that_nobody_declared_are_found(copied: Path) -> None:
    name = "model.layers.0.mlp.up_proj.weight"
    rewrite(copied, lambda tensors: tensors | {name: np.zeros((tensors[name].size // 2, 1), np.uint8)})
    assert failed(copied) == ["config.dtype"]


def test_whole_weights_that_are_declared_quantised_are_found(copied: Path) -> None:
    edit(copied / "config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    assert failed(copied) == ["config.dtype"]


@pytest.mark.parametrize(
    "fields",
    [
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0}},
        {"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 100}},
        {"rope_theta": 500.0, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    ],
)
def test_rotary_facts_that_contradict_each_other_are_found(copied: Path, fields: dict[str, Any]) -> None:
    edit(copied / "config.json", **fields)
    # Transformers itself may refuse such a file, so the tokenizer would not load either.
    found = check_weights(open_folder(copied), None)
    assert [finding.check.name for finding in found if finding.verdict is Verdict.FAIL] == ["config.context"]


def test_rotary_facts_that_the_base_has_otherwise_are_found(copied: Path, healthy: Path) -> None:
    edit(copied / "config.json", rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0})
    assert failed(copied) == []
    assert failed(copied, healthy) == ["config.context"]


def test_the_older_and_the_newer_way_to_write_rotary_facts_are_equal(copied: Path, healthy: Path) -> None:
    theta = json.loads((copied / "config.json").read_text())["rope_parameters"]["rope_theta"]
    edit(copied / "config.json", rope_parameters=None, rope_theta=theta)
    assert failed(copied, healthy) == []


def test_a_file_cut_short_is_found_and_says_by_how_much(copied: Path) -> None:
    path = copied / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.FAIL
    assert f"{path.stat().st_size} bytes, and its header announces {path.stat().st_size + 100}" in str(finding.said)


@pytest.mark.parametrize("content", [b"", b"no weights", b"\xff" * 64, b"\x02" + b"\0" * 7 + b"[]"])
def test_what_is_no_safetensors_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"cut short or damaged|not a safetensors"):
        read_header(path)


def shard(folder: Path, parts: int = 3) -> None:
    """As save_pretrained writes a large model."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    weight_map = {name: f"model-{at % parts + 1:05}-of-{parts:05}.safetensors" for at, name in enumerate(tensors)}
    for file in set(weight_map.values()):
        save_file({name: t for name, t in tensors.items() if weight_map[name] == file}, folder / file, {"format": "pt"})
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_shards_with_their_index_are_healthy(copied: Path) -> None:
    shard(copied)
    assert failed(copied) == []


def test_a_missing_shard_is_named_and_what_config_json_tells_is_checked_all_the_same(copied: Path) -> None:
    shard(copied)
    (copied / "model-00002-of-00003.safetensors").unlink()
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.FAIL and "model-00002-of-00003.safetensors" in str(finding.said)
    assert next(check_weights(open_folder(copied), None)).verdict is Verdict.PASS


def test_shards_without_an_index_are_found_whether_all_are_there_or_not(copied: Path) -> None:
    shard(copied)
    (copied / INDEX).unlink()
    assert "3 of 3 shards" in str(findings(copied)["files.weights"].said)
    (copied / "model-00002-of-00003.safetensors").unlink()
    assert "2 of 3 shards" in str(findings(copied)["files.weights"].said)
    assert failed(copied) == ["files.weights"]


def test_shards_of_another_save_beside_a_single_file_are_found(copied: Path, healthy: Path) -> None:
    shard(copied)
    shutil.copy(healthy / "model.safetensors", copied)
    assert open_folder(copied).weight_files == (copied / "model.safetensors",)
    assert failed(copied) == ["files.weights"]


def test_an_index_of_one_file_alone_is_healthy(copied: Path) -> None:
    weight_map = dict.fromkeys(read_header(copied / "model.safetensors"), "model.safetensors")
    (copied / INDEX).write_text(json.dumps({"weight_map": weight_map}))
    assert failed(copied) == []


def test_a_variant_that_nobody_asks_for_is_not_mixed_in(copied: Path) -> None:
    wrong = {"model.embed_tokens.weight": np.zeros((2, 2), np.float16)}
    save_file(wrong, copied / "model.fp16.safetensors", {"format": "pt"})
    assert failed(copied) == []


def test_a_layer_that_is_missing_is_found_and_named(copied: Path) -> None:
    rewrite(copied, lambda tensors: {name: value for name, value in tensors.items() if ".layers.1." not in name})
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.FAIL and "9 tensors" in str(finding.said)
    assert "model.layers.1.mlp.up_proj.weight" in finding.evidence


def test_matrices_of_another_shape_than_the_configuration_gives_are_found(copied: Path) -> None:
    edit(copied / "config.json", intermediate_size=48)
    assert "another shape" in str(findings(copied)["files.weights"].said)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_of_every_family_fill_its_class_and_a_layer_less_is_found(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo_models, "MAX_STEPS", 0)
    healthy = zoo.make(family, tmp_path / "healthy")
    assert not_comparable(open_folder(healthy)) is None
    assert gaps(open_folder(healthy)) == ((), (), ())
    cut = copy(healthy, tmp_path / "cut")
    reweigh(cut, lambda tensors: {name: t for name, t in tensors.items() if not re.search(r"\.(1|layers_1)\.", name)})
    assert gaps(open_folder(cut)).missing


def test_what_stands_beside_the_model_is_told_and_no_fault(copied: Path) -> None:
    beside = {"v_head.summary.weight": np.ones((1, 32), np.float32), "v_head.summary.bias": np.ones(1, np.float32)}
    rewrite(copied, lambda tensors: tensors | beside)
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.PASS and "2 stored tensors stand beside" in str(finding.evidence[0])


STORED = [
    f"model.layers.{layer}.{name}"
    for layer in range(3)
    for name in (
        "self_attn.k_proj.weight",
        "self_attn.k_norm.weight",
        "mlp.experts.0.up.weight",
        "mlp.experts.1.up.weight",
    )
]
LAST = [name for name in STORED if ".layers.2." in name]


@pytest.mark.parametrize(
    "dropped",
    [
        LAST,
        [name for name in STORED if "k_norm" in name],
        [name for name in STORED if "experts.1" in name],
        ["model.layers.0.self_attn.k_proj.bias"],
        ["model.layers.0.self_attn.k_proj.lora_A.default.weight"],
        ["model.layers.0.self_attn.q_proj.base_layer.weight"],
    ],
)
def test_layers_experts_norms_biases_and_adapters_belong_to_the_model(dropped: list[str]) -> None:
    assert belonging(dropped, [*STORED, *dropped]) == dropped


@pytest.mark.parametrize(
    "dropped",
    [
        ["model.layers.2.self_attn.k_proj.weight", "model.layers.2.self_attn.k_norm.weight"],  # shared with a layer before
        [*LAST, "model.layers.2.eh_proj.weight"],  # predicts the token after the next one
        ["mtp.layers.0.self_attn.k_proj.weight", "mtp.layers.0.norm.weight"],
        ["model.layers.0.self_attn.rotary_emb.inv_freq", "h.0.attn.bias", "h.0.attn.masked_bias"],
        ["visual.blocks.0.norm1.weight", "visual.blocks.1.attn.qkv.weight", "visual.blocks.0.attn.qkv.bias", "visual.blocks.0.attn.qkv.weight"],
        ["score.weight", "score.bias"],
    ],
)  # fmt: skip
def test_what_stands_beside_a_model_does_not_belong_to_it(dropped: list[str]) -> None:
    assert belonging(dropped, [*STORED, *dropped]) == []


@pytest.mark.parametrize("name", ["consolidated.safetensors", "model.fp16.safetensors"])
def test_weights_of_another_name_are_named_and_not_called_pickle(copied: Path, name: str) -> None:
    (copied / "model.safetensors").rename(copied / name)
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.NOT_CHECKABLE and name in str(finding.evidence[0])
    with pytest.raises(UserError, match=f"only model.safetensors or its shards are loaded, and there is {name}"):
        load(open_folder(copied), threads=1)


def test_a_model_type_of_tomorrow_is_no_fault(copied: Path) -> None:
    edit(copied / "config.json", model_type="llama9", architectures=["Llama9ForCausalLM"])
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.PASS and "llama9" in str(finding.evidence[0])


def test_a_configuration_that_no_model_can_have_is_found(copied: Path) -> None:
    edit(copied / "config.json", hidden_act="no-such-function")
    assert "does not load" in str(findings(copied)["files.weights"].said)


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_file_that_is_no_json_object_is_found(copied: Path, name: str, content: str) -> None:
    (copied / name).write_text(content)
    finding = next(check_files(open_folder(copied)))
    assert finding.verdict is Verdict.FAIL and name in str(finding.said)


def test_a_tokenizer_that_is_code_of_the_folder_is_not_replaced_by_another(copied: Path) -> None:
    edit(copied / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_x.X", None]})
    (copied / "tokenization_x.py").write_text("raise SystemExit('was run')")
    with pytest.raises(UserError, match=r"run code: tokenization_x\.X"):
        _ = open_folder(copied).tokenizer
    (copied / "model.safetensors").unlink()
    assert findings(copied)["files.code"].verdict is Verdict.NOT_CHECKABLE


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_an_auto_map_that_names_nothing_is_no_code(copied: Path, name: str) -> None:
    (copied / name).write_text((copied / name).read_text().replace("{", '{"auto_map": null, ', 1))
    code = next(finding for finding in check_files(open_folder(copied)) if finding.check.name == "files.code")
    assert code.verdict is Verdict.PASS


@pytest.mark.parametrize("kind", ["eos", "bos", "pad"])
def test_a_token_that_no_row_can_hold_is_found(copied: Path, kind: str) -> None:
    own = json.loads((copied / "config.json").read_text())["eos_token_id"]
    edit(copied / "generation_config.json", **{f"{kind}_token_id": [own, 5000] if kind == "eos" else 5000})
    assert failed(copied) == [f"config.{kind}"]


def test_an_end_beyond_the_vocabulary_does_not_break_the_test_of_stopping(copied: Path) -> None:
    edit(copied / "generation_config.json", eos_token_id=[2, 5000])
    folder = open_folder(copied)
    assert check_stops(folder, load(folder, threads=1), ()).verdict is Verdict.NOT_CHECKABLE
    edit(copied / "generation_config.json", eos_token_id=5000)
    folder = open_folder(copied)
    assert check_stops(folder, load(folder, threads=1), ()).verdict is Verdict.NOT_CHECKABLE


@pytest.mark.parametrize(
    "name", ["model.layers.1.mlp.gate.weight", "model.layers.0.router.weight", "model.layers.0.A_log"]
)
def test_a_router_or_decay_in_float32_is_healthy_beside_16_bits(copied: Path, name: str) -> None:
    rewrite(copied, lambda tensors: {key: value.astype(np.float16) for key, value in tensors.items()})
    rewrite(copied, lambda tensors: tensors | {name: np.ones((4, 32), np.float32)})
    edit(copied / "config.json", dtype="float16")
    assert failed(copied) == []


def test_float32_is_healthy_where_the_class_keeps_it(ground: Ground, tmp_path: Path) -> None:
    cut = copy(ground.family("t5"), tmp_path / "t5")
    reweigh(cut, lambda tensors: {name: t if ".wo." in name else t.half() for name, t in tensors.items()})
    edit(cut / "config.json", dtype="float16")
    assert failed(cut) == []
    edit(cut / "config.json", dtype="bfloat16")
    assert failed(cut) == ["config.dtype"]


def test_a_scaling_factor_written_as_text_is_found(copied: Path) -> None:
    yarn = {"rope_type": "yarn", "factor": "4", "original_max_position_embeddings": 128, "rope_theta": 10000.0}
    edit(copied / "config.json", rope_parameters=yarn)
    found = {finding.check.name: finding for finding in check_weights(open_folder(copied), None)}
    assert found["config.context"].verdict is Verdict.FAIL


def test_rotary_facts_by_kind_of_layer_equal_those_of_an_older_file() -> None:
    by_layer = {"rope_parameters": {"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e4}}}
    assert list(differing(by_layer, {"rope_theta": 1e6, "rope_local_base_freq": 1e4})) == []
    older = {"rope_theta": 1e6, "partial_rotary_factor": 0.5, "rope_scaling": {"type": "linear", "factor": 2.0}}
    newer = {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e6, "partial_rotary_factor": 0.5}}
    assert list(differing(older, newer)) == []
    assert [name for name, *_ in differing(older | {"rope_theta": 5.0}, newer)] == ["rope_theta"]


def test_fields_that_training_and_tools_change_are_no_difference(ground: Ground) -> None:
    ours = read(ground.family("qwen2.5") / "config.json")
    tools = {"torch_dtype": "float16", "unsloth_fixed": True, "attention_dropout": 0.1, "use_cache": False, "eos_token_id": 0,
             "_attn_implementation": "sdpa", "router_aux_loss_coef": 0.1, "vocab_size": 600, "id2label": {"0": "x"}}  # fmt: skip
    window = {"sliding_window": 4096, "use_sliding_window": False, "max_window_layers": 1}
    assert list(differing(ours | tools | window, ours)) == []
    defaults = {
        name: value for name, value in ours.items() if name not in ("hidden_act", "rms_norm_eps", "layer_types")
    }
    assert list(differing(defaults | {"head_dim": None, "rms_norm_eps": 9.999999974752427e-07}, ours)) == []


@pytest.mark.parametrize(
    ("family", "field", "value"),
    [
        ("gemma-2", "query_pre_attn_scalar", 4000),
        ("gemma-2", "final_logit_softcapping", None),
        ("glm-4.5", "num_experts_per_tok", 1),
        ("glm-4.5", "routed_scaling_factor", 9.0),
        ("gpt-2", "scale_attn_weights", False),
        ("qwen3", "attention_bias", True),
    ],
)
def test_every_field_that_shapes_a_class_is_compared(family: str, field: str, value: Any, ground: Ground) -> None:
    ours = read(ground.family(family) / "config.json")
    assert [found.name for found in differing(ours | {field: value}, ours)] == [field]


def test_what_is_absent_is_the_default_of_the_class(ground: Ground) -> None:
    ours = read(ground.family("gemma-2") / "config.json") | {
        "final_logit_softcapping": 30.0,
        "attn_logit_softcapping": 20.0,
    }
    silent = {name: value for name, value in ours.items() if not name.endswith("softcapping")}
    assert [(found.name, found.theirs) for found in differing(ours, silent)] == [("attn_logit_softcapping", 50.0)]


def test_fields_of_an_unknown_class_are_compared_where_both_give_them() -> None:
    ours = {"model_type": "own", "norm_kind": "pre", "only_here": 1, "use_cache": True, "parts": {"gain": 2.0}}
    theirs = {"model_type": "own", "norm_kind": "post", "use_cache": False, "parts": {"gain": 3.0}}
    assert [found.name for found in differing(ours, theirs)] == ["norm_kind", "parts.gain"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": -0.5}, "below zero"),
        ({"do_sample": True, "temperature": 0}, "generate() refuses it"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 95}, "top_p is 95"),
        ({"do_sample": True, "top_k": -1}, "top_k is -1"),
        ({"repetition_penalty": 50.0}, "repetition_penalty is 50.0"),
        ({"max_new_tokens": 5}, "max_new_tokens is 5"),
        ({"min_new_tokens": 200}, "min_new_tokens is 200"),
        ({"eos_token_id": [7, 8], "suppress_tokens": [8]}, "end token 8"),
    ],
)
def test_settings_with_which_no_usable_reply_comes_are_found(copied: Path, settings: Any, said: str) -> None:
    edit(copied / "generation_config.json", **settings)
    (finding,) = check_generation(open_folder(copied))
    assert finding.verdict is Verdict.FAIL and said in str(finding.said)


@pytest.mark.parametrize(
    "settings",
    [
        {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20, "repetition_penalty": 1.05},
        {"temperature": 0.0, "top_k": -1, "top_p": 1, "max_length": 20, "min_new_tokens": 1, "max_new_tokens": 2048},
        {"do_sample": True, "top_k": 0, "suppress_tokens": [3], "temperature": None, "top_p": "0.9"},
    ],
)
def test_settings_of_published_models_are_healthy(copied: Path, settings: Any) -> None:
    edit(copied / "generation_config.json", **settings)
    (finding,) = check_generation(open_folder(copied))
    assert finding.verdict is Verdict.PASS


def test_without_settings_of_generation_nothing_is_judged(copied: Path) -> None:
    (copied / "generation_config.json").unlink()
    (finding,) = check_generation(open_folder(copied))
    assert finding.verdict is Verdict.NOT_APPLICABLE


def added(folder: Path) -> dict[str, dict[str, Any]]:
    """As tokenizer_config.json of Transformers 4 lists them."""
    entries = read(folder / "tokenizer.json")["added_tokens"]
    return {str(entry["id"]): {name: value for name, value in entry.items() if name != "id"} for entry in entries}


def test_added_tokens_that_every_file_lists_alike_are_healthy_and_another_flag_is_told(copied: Path) -> None:
    listed = added(copied)
    edit(copied / "tokenizer_config.json", added_tokens_decoder=listed)
    (copied / "added_tokens.json").write_text(json.dumps({entry["content"]: int(id) for id, entry in listed.items()}))
    assert failed(copied) == []
    assert not any("control token" in str(line) for line in findings(copied)["config.vocabulary"].evidence)
    id = next(id for id, entry in listed.items() if entry["content"] == "<|im_start|>")
    edit(copied / "tokenizer_config.json", added_tokens_decoder=listed | {id: {**listed[id], "special": False}})
    assert "text in tokenizer_config.json" in str(findings(copied)["config.vocabulary"].evidence[-1])
    assert failed(copied) == []


def test_added_tokens_json_with_other_ids_is_found(copied: Path) -> None:
    first, second = list(added(copied))[:2]
    names = added(copied)
    (copied / "added_tokens.json").write_text(json.dumps({names[first]["content"]: int(second)}))
    assert failed(copied) == ["config.vocabulary"]


def test_a_fault_of_config_json_is_not_called_one_of_the_tokenizer(copied: Path) -> None:
    edit(copied / "config.json", eos_token_id="2")
    with pytest.raises(UserError, match=r"config\.json does not load, .* 'eos_token_id': .*expected int") as caught:
        _ = open_folder(copied).tokenizer
    assert "tokenizer.json" not in caught.value.hint


def test_words_of_an_error_go_on_behind_a_colon_and_have_an_end() -> None:
    assert first_words(ValueError("field 'x':\n    TypeError: no int\n")) == "field 'x': TypeError: no int"
    assert first_words(ValueError("first\nsecond")) == "first"
    assert first_words(KeyError()) == "KeyError"
    assert len(first_words(ValueError("x" * 1000))) == 300


def verdicts(folder: Path) -> list[Finding]:
    requests = (Request(folder, only=only, threads=1) for only in ("files", "config"))
    return [finding for request in requests for finding in prove(request, Silent()).findings]


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"])
@pytest.mark.parametrize("kept", [0.0, 0.4, 0.98])
def test_a_file_cut_anywhere_leaves_a_failure_and_breaks_no_check(copied: Path, name: str, kept: float) -> None:
    path = copied / name
    content = path.read_bytes().rstrip()
    path.write_bytes(content[: int(len(content) * kept)])
    found = verdicts(copied)
    assert [finding.check.name for finding in found if finding.verdict is Verdict.FAIL] == ["files.weights"]
    assert [str(finding.said) for finding in found if "the check itself broke" in str(finding.said)] == []


def fields(folder: Path) -> list[tuple[str, str]]:
    names = ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json")
    return [(name, key) for name in names for key in json.loads((folder / name).read_text(encoding="utf-8"))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_field_of_another_type_breaks_no_check(healthy: Path, tmp_path: Path, data: st.DataObject) -> None:
    name, key = data.draw(st.sampled_from(fields(healthy)))
    value = data.draw(st.sampled_from([None, "4", 2.5, True, [], [5], {}, {"a": 1}, "five", 10**12]))
    folder = copy(healthy, Path(tempfile.mkdtemp(dir=tmp_path)) / "model")
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(content | {key: value}), encoding="utf-8")
    assert [str(finding.said) for finding in verdicts(folder) if "the check itself broke" in str(finding.said)] == []


def test_numbers_that_are_none_are_found(copied: Path) -> None:
    name = "model.layers.0.self_attn.q_proj.weight"
    rewrite(copied, lambda tensors: tensors | {name: np.full_like(tensors[name], np.nan)})
    finding = findings(copied)["files.weights"]
    assert finding.verdict is Verdict.FAIL and finding.evidence == (name,)


def test_pickle_weights_are_refused_and_never_opened(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    (copied / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    found = findings(copied)
    assert found["files.pickle"].verdict is Verdict.FAIL
    assert found["files.weights"].verdict is Verdict.NOT_CHECKABLE


def test_what_trainers_keep_beside_the_weights_is_no_pickle_of_weights(copied: Path) -> None:
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        (copied / name).write_bytes(b"x")
    assert failed(copied) == []


def test_code_of_the_folder_is_named_and_not_run(copied: Path) -> None:
    edit(copied / "config.json", auto_map={"AutoModelForCausalLM": "modeling_x.X"})
    (copied / "modeling_x.py").write_text("raise SystemExit('was run')")
    finding = findings(copied)["files.code"]
    assert finding.verdict is Verdict.NOT_CHECKABLE and "modeling_x.py" in str(finding.evidence[0])


def test_a_folder_without_a_model_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"no model, adapter or tokenizer, but notes\.txt"):
        open_folder(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        open_folder(tmp_path / "none")
