"""Layers that are computed twice instead of kept give the same gradient, in every precision."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import State
from danlu.loop.gradients import Gradients
from danlu.loop.layout import single
from danlu.loop.optimizers import Optimization
from danlu.loop.seq2seq_batch import Seq2seqBatch, TokenPair
from danlu.loop.seq2seq_learner import Seq2seqLearner
from danlu.loop.token_batch import TokenBatch
from danlu.model.chat import Tokens
from model.families import OneBatch


def t5():
    # A position bias that no batch needs would have been made without a gradient the second time.
    config = T5Config(
        vocab_size=64, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0, pad_token_id=0
    )
    pairs = [TokenPair((5, 6, 7, 8), (9, 10, 1)), TokenPair((5, 6, 7), (9, 10, 11, 1))]
    return Seq2seqLearner(T5ForConditionalGeneration(config)), Seq2seqBatch.of(pairs, 0)


def llama():
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4
    )
    rows = [Tokens(tuple(range(5, 15)), (True,) * 10), Tokens(tuple(range(20, 28)), (True,) * 8)]
    return CausalLearner(LlamaForCausalLM(config)), TokenBatch.of(rows)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("make", [t5, llama])
def test_recomputed_layers_give_the_gradient_of_kept_ones(make, precision):
    torch.manual_seed(0)
    learner, batch = make()
    learner.train()
    weights, found = list(learner.parameters()), []
    for above in (10_000, 0):
        how = Optimization(1e-2, 0.0, 0.0, 1e9, recompute_above_tokens=above, precision=precision)
        gradients = Gradients(learner, weights, OneBatch(batch, 1), how, single("cpu"))
        loss, norm = gradients.of(0, State("key"), seed=1)
        found.append((loss, norm, [weight.grad.clone() for weight in weights if weight.grad is not None]))
        gradients.clear()
    kept, recomputed = found
    assert kept[:2] == recomputed[:2]
    assert all(torch.equal(one, other) for one, other in zip(kept[2], recomputed[2], strict=True))
