"""Cutting a decoder into runs of whole layers."""

import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

from danlu.core.errors import UserError
from danlu.loop.causal import CausalLearner
from danlu.loop.optimizers import Optimization, make_optimizers
from danlu.loop.segment import Segment, cut, hidden_states
from danlu.model.decoders import STYLES, DecoderShape, make_decoder

SIZES = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2,
    "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 97,
}  # fmt: skip


def layers_of(model):
    [layers] = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    return list(layers)


def cut_copy(make, number, count):
    torch.manual_seed(0)
    model = make()
    cut(model, layers_of(model), Segment(number, count))
    return model


MAKERS = {style: lambda style=style: make_decoder(DecoderShape(style, 3, 97, 32, 0)) for style in STYLES} | {
    "untied": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=False)),
    "gemma3": lambda: Gemma3ForCausalLM(Gemma3TextConfig(**SIZES, sliding_window=8)),
}


@pytest.mark.parametrize("name", MAKERS)
def test_segments_one_after_the_other_are_the_whole_model(name):
    torch.manual_seed(0)
    whole = MAKERS[name]()
    ids = torch.randint(0, 97, (2, 20))
    states = ids
    with torch.no_grad():
        for number in range(2):
            states = hidden_states(cut_copy(MAKERS[name], number, 2).eval(), states)
        assert torch.equal(states, hidden_states(whole.eval(), ids))


@pytest.mark.parametrize("name", MAKERS)
def test_each_weight_is_in_one_segment_under_its_own_name_but_a_head_that_is_the_embedding(name):
    whole = dict(MAKERS[name]().named_parameters())
    held = [dict(cut_copy(MAKERS[name], number, 3).named_parameters()) for number in range(3)]
    twice = [weight for weight in whole if sum(weight in one for one in held) == 2]
    assert sorted([name for one in held for name in one]) == sorted([*whole, *twice])
    assert len(twice) == (0 if name == "untied" else 1)
    assert all(weight.shape == whole[name].shape for one in held for name, weight in one.items())


def test_the_head_of_a_last_segment_is_no_hidden_matrix_of_muon():
    learner = CausalLearner(MAKERS["untied"]())
    cut(learner.inner, layers_of(learner), Segment(1, 2))
    how = Optimization(1e-3, 0.1, 0.1, 1.0, 10_000, optimizer="muon")
    adamw, muon = make_optimizers(learner, how)
    head = learner.inner.lm_head.weight
    assert any(weight is head for group in adamw.param_groups for weight in group["params"])
    assert not any(weight is head for group in muon.param_groups for weight in group["params"])


def test_earlier_segments_have_the_odd_layers():
    assert [Segment(number, 3).of(range(8)) for number in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_more_segments_than_layers_are_refused():
    with pytest.raises(UserError, match="the model has 3 layers, which 4 parts of a pipeline cannot share"):
        cut_copy(MAKERS["llama"], 0, 4)


def test_a_model_that_does_more_between_its_layers_is_refused_and_left_whole():
    # Granite multiplies whatever comes in before its first layer, so each segment would do it again.
    model = GraniteForCausalLM(GraniteConfig(**SIZES, embedding_multiplier=12.0))
    before = [name for name, _ in model.named_parameters()]
    with pytest.raises(UserError, match="GraniteForCausalLM cannot be cut between its layers"):
        cut(model, layers_of(model), Segment(0, 2))
    assert [name for name, _ in model.named_parameters()] == before
