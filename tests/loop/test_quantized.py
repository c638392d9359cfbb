"""4-bit training: gradients are those of the weights that the 4 bits stand for."""

import copy

import pytest
import torch
from bitsandbytes.nn.modules import Linear4bit

from danlu.loop.adapters import add_lora
from danlu.loop.causal import CausalLearner
from danlu.loop.quantized import computing_exactly, dequantized, load_4bit
from danlu.loop.token_batch import TokenBatch
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.model.loading import load_model
from tiny import make_tiny_checkpoint, write_chats


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def batch(base, tmp_path_factory):
    chat = ChatFormat.load(base)
    chats = read_chats(write_chats(tmp_path_factory.mktemp("c") / "c.jsonl"))
    return TokenBatch.of([chat.training_ids(one.messages) for one in chats[:4]])


def with_adapter(model):
    torch.manual_seed(3)
    adapted = add_lora(model, rank=4, alpha=8, dropout=0.0)
    with torch.no_grad():  # B starts at zero, and with it the gradient of A
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.1)
    return adapted


def gradients(adapted, batch):
    adapted.zero_grad()
    CausalLearner(adapted).train()(batch).backward()
    return {name: weight.grad.clone() for name, weight in adapted.named_parameters() if weight.requires_grad}


def cosines(left, right):
    return [torch.cosine_similarity(left[name].flatten(), right[name].flatten(), dim=0).item() for name in left]


def test_gradients_are_those_of_a_dense_copy_also_after_a_pass_without_gradients(base, batch):
    quantized = with_adapter(load_4bit(base, threads=1))
    dense = with_adapter(dequantized(quantized, base, threads=1))
    wanted = gradients(dense, batch)
    with computing_exactly(quantized):
        assert min(cosines(gradients(quantized, batch), wanted)) > 0.9999
        with torch.no_grad():
            quantized.eval()(input_ids=batch.ids_BT)
        assert min(cosines(gradients(quantized, batch), wanted)) > 0.9999
    # In bfloat16, as it trains.
    with torch.autocast("cpu", torch.bfloat16):
        assert min(cosines(gradients(quantized, batch), wanted)) > 0.99


def test_linear_layers_alone_are_in_4_bits(base):
    model = load_4bit(base, threads=1)
    layers = [module for module in model.modules() if isinstance(module, Linear4bit)]
    assert len(layers) == 2 * 7
    assert all(layer.weight.quant_state.quant_type == "nf4" and layer.weight.quant_state.nested for layer in layers)
    assert not any(layer.support_avx512bf16_for_cpu for layer in layers)
    whole = {name for name, weight in model.named_parameters() if weight.dtype == torch.float32}
    assert whole >= {"model.embed_tokens.weight", "model.norm.weight"}
    assert model.get_output_embeddings().weight.dtype == torch.float32


def test_the_dequantised_copy_has_the_4_bit_models_logits_and_not_the_bases(base, batch):
    quantized = load_4bit(base, threads=1)
    dense, plain = dequantized(quantized, base, threads=1), load_model(base, threads=1)
    with torch.no_grad(), computing_exactly(quantized):
        wanted = copy.deepcopy(quantized)(input_ids=batch.ids_BT).logits
        torch.testing.assert_close(dense(input_ids=batch.ids_BT).logits, wanted, rtol=1e-4, atol=1e-5)
        assert (plain(input_ids=batch.ids_BT).logits - wanted).abs().max() > 1e-2
