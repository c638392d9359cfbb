"""A MarianMT model with random weights and a tokenizer of single characters: what a real one looks like to its loader."""

from pathlib import Path
from typing import Any


def write_marian(folder: Path, seed: int) -> Path:
    """Write model and tokenizer as transformers does, and return the folder."""
    import torch
    from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(), pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    size = len(tokenizer)
    config = MarianConfig(
        vocab_size=size, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=512, pad_token_id=0, eos_token_id=1,
        decoder_start_token_id=0, forced_eos_token_id=1,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    words = ["<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz ,.", *"你好的文件"]
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    return made
