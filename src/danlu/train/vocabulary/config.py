"""What a vocabulary is trained to be."""

from typing import Literal

from pydantic import Field

from danlu.core.stages import Config


class TokenizerConfig(Config):
    """Size and kind of a vocabulary, and how much text it learns from."""

    algorithm: Literal["bpe", "unigram"] = "bpe"
    """Byte-level BPE, what GPT, LLaMA and Qwen use and every engine reads; or Unigram (Kudo 2018) over the same bytes."""
    size: int = Field(32768, ge=300, le=1 << 20)
    """Tokens, special ones included (nanochat's size for models around 0.5 B). Small models on few documents: 8192."""
    added_pieces: int = Field(4096, ge=1, le=1 << 18)
    """With a base: how many pieces are added at most."""
    reserved: int = Field(8, ge=0, le=1024)
    """Special tokens without a meaning yet, so that one can be given later without a new vocabulary."""
    max_mb: int = Field(100, ge=1)
    """Megabytes (10^6 bytes) of text to learn from, every language at its share of the corpus; pieces settle long before."""
    held_out_share: float = Field(0.05, gt=0, lt=0.5)
    """Share of each language's documents that measure and prove, at least one and at most 1 MB."""
