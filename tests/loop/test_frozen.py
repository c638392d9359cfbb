import copy

import torch
from torch.func import functional_call

from danlu.loop.adapters import PackedDropout, add_lora
from danlu.loop.causal import CausalLearner
from danlu.loop.frozen import FrozenCasts
from danlu.loop.token_batch import TokenBatch
from danlu.model.chat import Tokens
from danlu.model.decoders import DecoderShape, make_decoder

ROW = Tokens([5, 9, 3, 70, 8, 21, 4], [False, False, True, True, True, True, True])


def make_learner():
    torch.manual_seed(0)
    learner = CausalLearner(add_lora(make_decoder(DecoderShape("llama", 2, 100, 32, 0)), rank=4, alpha=8, dropout=0.0))
    with torch.no_grad():  # PEFT's B is zero at first, and then nothing flows into A
        for name, weight in learner.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.1)
    return learner.train()


def loss_and_gradients(learner, *, held):
    learner.zero_grad()
    batch = TokenBatch.of([ROW])
    with torch.autocast("cpu", torch.bfloat16):
        casts = FrozenCasts(learner).of("cpu") if held else {}
        loss = functional_call(learner, casts, (batch,))
    loss.backward()
    return loss.detach(), [weight.grad.clone() for weight in learner.parameters() if weight.grad is not None]


def test_held_casts_give_the_same_bits_as_autocasts_own():
    learner = make_learner()
    held, cast = loss_and_gradients(learner, held=True), loss_and_gradients(learner, held=False)
    assert torch.equal(held[0], cast[0])
    assert len(held[1]) == len(cast[1]) == 28
    assert all(torch.equal(left, right) for left, right in zip(held[1], cast[1], strict=True))


def test_only_frozen_matrices_are_held():
    learner = make_learner()
    with torch.autocast("cpu", torch.bfloat16):
        casts = FrozenCasts(learner).of("cpu")
        trained = FrozenCasts(copy.deepcopy(learner).requires_grad_(True)).of("cpu")
    assert len(casts) == 14  # the embedding, which is the head too, stays whole
    assert all("base_layer" in name and cast.dtype == torch.bfloat16 for name, cast in casts.items())
    assert trained == {}
    assert FrozenCasts(learner).of("cpu") == {}  # no autocast, no casts


def test_a_changed_weight_is_cast_again():
    learner, batch = make_learner(), TokenBatch.of([ROW])
    frozen = FrozenCasts(learner)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        first = frozen.of("cpu")
        assert all(cast is first[name] for name, cast in frozen.of("cpu").items())
        next(module for name, module in learner.named_modules() if name.endswith("q_proj.base_layer")).weight.mul_(2)
        torch.testing.assert_close(functional_call(learner, frozen.of("cpu"), (batch,)), learner(batch), rtol=0, atol=0)


def test_a_dropout_of_nothing_takes_no_random_numbers():
    state, inputs = torch.get_rng_state(), torch.randn(3, 4)
    torch.set_rng_state(state)
    assert PackedDropout(0.0).train()(inputs) is inputs
    assert torch.equal(torch.get_rng_state(), state)
