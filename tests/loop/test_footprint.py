"""The formula against torch itself: what autograd really keeps, and what Transformers really makes."""

from dataclasses import replace

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertForSequenceClassification,
    FalconConfig,
    GPT2Config,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
)

from danlu.core.errors import UserError
from danlu.loop import footprint as formula
from danlu.loop.adapters import add_lora
from danlu.loop.causal import CausalLearner
from danlu.loop.footprint import Training, footprint, operations_per_token, shape_of
from danlu.loop.head_learners import ClassLearner
from danlu.loop.label_batch import LabelBatch, LabelledRow
from danlu.loop.token_batch import TokenBatch

LLAMA = LlamaConfig(
    vocab_size=512, hidden_size=96, intermediate_size=256, num_hidden_layers=3, num_attention_heads=6,
    num_key_value_heads=2, tie_word_embeddings=True,
)  # fmt: skip
SHAPE = shape_of(LLAMA.to_dict())


@pytest.mark.parametrize(
    "config",
    [
        LLAMA,
        LlamaConfig(vocab_size=300, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4),
        Qwen2Config(vocab_size=300, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2),
        GPT2Config(vocab_size=300, n_embd=64, n_layer=2, n_head=4, n_positions=8),
        FalconConfig(vocab_size=300, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, multi_query=True),
    ],
    ids=["llama-tied", "llama", "qwen2", "gpt2", "falcon"],
)  # fmt: skip
def test_parameters_are_those_of_the_model(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    counted = sum(weight.numel() for weight in model.parameters() if weight.ndim == 2)
    positions = 8 * 64 if config.model_type == "gpt2" else 0
    assert shape_of(config.to_dict()).parameters == counted - positions


def test_an_adapter_has_as_many_weights_as_peft_makes():
    with torch.device("meta"):
        adapted = add_lora(LlamaForCausalLM(LLAMA), rank=8, alpha=16, dropout=0.0)
    assert SHAPE.adapter(8) == sum(weight.numel() for weight in adapted.parameters() if weight.requires_grad)


def shifted(ids):
    return TokenBatch(ids, torch.roll(ids, -1, 1))


def kept_bytes(learner, rows, positions, precision, batch_of=shifted):
    """Bytes of the tensors that autograd keeps for the way back, the model's own weights left out."""
    weights = {weight.untyped_storage().data_ptr() for weight in learner.parameters()}
    kept = {}

    def keep(tensor):
        if tensor.untyped_storage().data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage(), tensor
        return tensor

    ids = torch.randint(0, 512, (rows, positions))
    batch = batch_of(ids)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        learner(batch)
    return sum(storage.nbytes() for storage, _ in kept.values())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", ["full", "lora"])
def test_activations_are_what_autograd_keeps(method, precision):
    model = LlamaForCausalLM(LLAMA)
    learner = CausalLearner(add_lora(model, rank=16, alpha=16, dropout=0.05) if method == "lora" else model).train()
    few, many = (kept_bytes(learner, rows, 64, precision) for rows in (2, 6))
    training = Training(method, 256, 64, precision)
    per_token = formula.bytes_per_token(SHAPE, training) / 1.8
    assert per_token == pytest.approx((many - few) / 256, rel=0.1)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_an_encoders_activations_are_what_autograd_keeps(dropout, precision):
    config = BertConfig(
        vocab_size=512, hidden_size=96, intermediate_size=256, num_hidden_layers=6, num_attention_heads=6,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    learner = ClassLearner(BertForSequenceClassification(config)).train()
    few, many = (kept_bytes(learner, rows, 64, precision, labelled) for rows in (2, 6))
    training = Training("full", 256, 64, precision, says_tokens=False, drops_attention=dropout > 0)
    per_token = formula.bytes_per_token(shape_of(config.to_dict()), training) / 1.8
    assert per_token == pytest.approx((many - few) / 256, rel=0.1)


def labelled(ids):
    rows = [LabelledRow(tuple(row), (), (0,)) for row in ids.tolist()]
    return LabelBatch.of(rows, 0)


def test_an_encoder_with_a_head_has_the_weights_of_the_model():
    config = BertConfig(
        vocab_size=300, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4
    )
    with torch.device("meta"):
        model = BertForSequenceClassification(config)
    counted = sum(weight.numel() for weight in model.bert.encoder.parameters() if weight.ndim == 2) + 300 * 64
    assert Training("full", 64, 64, says_tokens=False).weights(shape_of(config.to_dict())) == counted


def test_each_way_of_needing_less_needs_less():
    shape, full = (
        formula.Shape(30, 576, 1536, 9, 3, 64, 49_152, is_tied=True, is_gated=True),
        Training("full", 512, 512),
    )
    total = footprint(shape, full, 0).total
    for other in (
        replace(full, method="lora"), replace(full, micro_batch_tokens=256), replace(full, recomputes=True),
        replace(full, optimizer="muon"), replace(full, device="cuda"),
    ):  # fmt: skip
        assert footprint(shape, other, 0).total < total
    assert footprint(shape, replace(full, accumulates=True), 0).total > total


def test_seven_billion_weights_in_four_bits_need_a_small_machine():
    seven = formula.Shape(28, 3584, 18_944, 28, 4, 128, 152_064, is_tied=False, is_gated=True)
    assert seven.parameters == pytest.approx(7.6e9, rel=0.01)
    quarter = Training("qlora", 1024, 1024, "bfloat16", recomputes=True, device="cuda")
    assert 5e9 < footprint(seven, quarter, 0).total < 9e9
    assert footprint(seven, replace(quarter, method="full", accumulates=True), 0).total > 16 * seven.parameters


def test_operations_are_counted_as_nanochat_counts_them():
    training = Training("full", 64, 64)
    used = SHAPE.matrices + SHAPE.vocabulary * SHAPE.hidden
    assert operations_per_token(SHAPE, training) == 6 * used + 12 * 3 * 6 * 16 * 64
    assert operations_per_token(SHAPE, replace(training, method="lora")) < operations_per_token(SHAPE, training)


def test_a_config_without_sizes_is_refused():
    with pytest.raises(UserError, match="does not state the sizes"):
        shape_of({"model_type": "llama"})
