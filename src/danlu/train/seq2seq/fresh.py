"""An encoder-decoder model without a base: a vocabulary of the pairs' own texts, and random weights by one size dial.

The shapes are Marian's transformer (Junczys-Dowmunt et al. 2018; Vaswani et al. 2017, arXiv 1706.03762) and T5's
(Raffel et al. 2020, 1910.10683): `width` says all of them. Width 512 is the size of Vaswani's base model.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

Family = Literal["marian", "t5"]
_PAD, _END, _UNKNOWN = "<pad>", "</s>", "<unk>"
_SENTINELS = 100
_HEAD_WIDTH = 64
_MOST_LAYERS = 6


def write_vocabulary(texts: Iterable[str], size: int, family: Family, folder: Path) -> None:
    """Train a byte-level BPE on texts and write it as transformers loads it: every text ends with `</s>`.

    Byte-level, so no text is unknown to it; both languages share it. T5's has a hundred sentinels behind the vocabulary.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer: Any = Tokenizer(models.BPE())
    byte_level: Any = pre_tokenizers.ByteLevel
    tokenizer.pre_tokenizer = byte_level(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[_PAD, _END, _UNKNOWN],
        initial_alphabet=byte_level.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    sentinels = [f"<extra_id_{number}>" for number in range(_SENTINELS)] if family == "t5" else []
    tokenizer.add_special_tokens(sentinels)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {_END}", special_tokens=[(_END, 1)])
    made: Any = PreTrainedTokenizerFast
    made(
        tokenizer_object=tokenizer, pad_token=_PAD, eos_token=_END, unk_token=_UNKNOWN,
        additional_special_tokens=sentinels, clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)  # fmt: skip


def make_model(family: Family, width: int, vocabulary_size: int, max_tokens: int, dropout: float, seed: int) -> Any:
    """A model with random weights, float32: equal arguments give equal weights."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return (_marian if family == "marian" else _t5)(width, vocabulary_size, max_tokens, dropout)


def _heads(width: int) -> int:
    return max(width // _HEAD_WIDTH, 2)


def _layers(width: int) -> int:
    """Two for the smallest, six from 384 on."""
    return min(max(width // _HEAD_WIDTH, 2), _MOST_LAYERS)


def _marian(width: int, vocabulary_size: int, max_tokens: int, dropout: float) -> Any:
    from transformers import MarianConfig, MarianMTModel

    heads, layers = _heads(width), _layers(width)
    return MarianMTModel(
        MarianConfig(
            vocab_size=vocabulary_size, d_model=width, encoder_layers=layers, decoder_layers=layers,
            encoder_attention_heads=heads, decoder_attention_heads=heads, encoder_ffn_dim=4 * width,
            decoder_ffn_dim=4 * width, max_position_embeddings=max_tokens, dropout=dropout, scale_embedding=True,
            activation_function="swish", pad_token_id=0, eos_token_id=1, bos_token_id=None, decoder_start_token_id=0,
            forced_eos_token_id=1,
        )
    )  # fmt: skip


def _t5(width: int, vocabulary_size: int, max_tokens: int, dropout: float) -> Any:
    """T5 1.1: gated GELU. Its positions are relative, so `max_tokens` bounds nothing in it."""
    from transformers import T5Config, T5ForConditionalGeneration

    shape: Any = T5Config
    return T5ForConditionalGeneration(
        shape(
            vocab_size=vocabulary_size, d_model=width, d_kv=width // _heads(width), d_ff=4 * width,
            num_layers=_layers(width), num_heads=_heads(width), dropout_rate=dropout, feed_forward_proj="gated-gelu",
            pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
        )
    )  # fmt: skip
