"""Decoders from scratch, in the styles of GPT-2, LLaMA and Qwen3, at any size by one dial: the number of layers.

The width follows the depth, 64 for each layer, as nanochat has it: with that ratio the loss is close to the best for its compute
from the smallest models to a billion parameters. Heads are 64 wide; the middle of a gated layer is 8/3 of the width,
rounded up to 64 (Touvron et al. 2023, LLaMA), and 4 times the width where it is not gated (Radford et al. 2019, GPT-2).
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

Style = Literal["gpt2", "llama", "qwen3"]
STYLES: tuple[Style, ...] = ("gpt2", "llama", "qwen3")
WIDTH_PER_LAYER = 64
_HEAD_WIDTH = 64
_INITIAL_DEVIATION = 0.02


@dataclass(frozen=True)
class DecoderShape:
    """What a decoder is made of."""

    style: Style
    layers: int
    vocabulary_size: int
    context_tokens: int
    end_id: int
    """What ends a text."""

    @property
    def width(self) -> int:
        """Of the stream between layers."""
        return WIDTH_PER_LAYER * self.layers

    @property
    def heads(self) -> int:
        """Of attention."""
        return self.width // _HEAD_WIDTH


def make_decoder(shape: DecoderShape) -> Any:
    """A model of Transformers with random weights, from torch's generator as it stands; embeddings and head are shared.

    Matrices that write into the stream begin smaller by the square root of their number (GPT-2), so that the stream does not grow with depth.
    """
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_config(_config(shape), dtype=torch.float32)  # type: ignore[no-untyped-call]
    scale = _INITIAL_DEVIATION / math.sqrt(2 * shape.layers)
    for name, weight in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight", "c_proj.weight")):
            torch.nn.init.normal_(weight, std=scale)
    return model


def _config(shape: DecoderShape) -> Any:
    from transformers import GPT2Config, LlamaConfig, Qwen3Config

    ids: dict[str, Any] = {"bos_token_id": None, "eos_token_id": shape.end_id, "pad_token_id": shape.end_id}
    if shape.style == "gpt2":
        return GPT2Config(
            vocab_size=shape.vocabulary_size,
            n_positions=shape.context_tokens,
            n_embd=shape.width,
            n_layer=shape.layers,
            n_head=shape.heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            initializer_range=_INITIAL_DEVIATION,
            **ids,
        )
    gated = LlamaConfig if shape.style == "llama" else Qwen3Config
    return gated(
        vocab_size=shape.vocabulary_size,
        max_position_embeddings=shape.context_tokens,
        hidden_size=shape.width,
        intermediate_size=64 * math.ceil(shape.width * 8 / 3 / 64),
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=_HEAD_WIDTH,
        tie_word_embeddings=True,
        initializer_range=_INITIAL_DEVIATION,
        **ids,
    )
