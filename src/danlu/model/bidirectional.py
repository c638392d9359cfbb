"""Encoders (BERT, Devlin et al. 2019) and encoder-decoders (T5 1.1, Raffel et al. 2020) from scratch, by the same dial as decoders.

The width is 64 for each layer; an encoder-decoder has the layers on each side.
"""

from typing import Any

from danlu.model.decoders import DecoderShape


def make_encoder(shape: DecoderShape) -> Any:
    """A BERT with a masked language model's head and random weights, from torch's generator as it stands; no dropout."""
    from transformers import BertConfig, BertForMaskedLM

    config: Any = BertConfig(
        vocab_size=shape.vocabulary_size,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=shape.context_tokens,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=shape.end_id,
    )
    return BertForMaskedLM(config)


def make_encoder_decoder(shape: DecoderShape, pad_id: int) -> Any:
    """A T5 with random weights, from torch's generator as it stands; no dropout, as T5 1.1 was pretrained. Its decoder starts from `pad_id`."""
    from transformers import T5Config, T5ForConditionalGeneration

    config: Any = T5Config(
        vocab_size=shape.vocabulary_size,
        d_model=shape.width,
        d_kv=shape.width // shape.heads,
        d_ff=4 * shape.width,
        num_layers=shape.layers,
        num_heads=shape.heads,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        pad_token_id=pad_id,
        eos_token_id=shape.end_id,
    )
    config.decoder_start_token_id = pad_id
    return T5ForConditionalGeneration(config)
