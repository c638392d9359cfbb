"""Fertility: how many tokens a text takes, by language (Rust et al. 2021, "How good is your tokenizer?").

More tokens for the same text is less text in a context, and more time and money for every answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.model.bulk_encoder import BulkEncoder

_NO_SPACES = frozenset(("zh", "ja", "th", "lo", "my", "km"))
"""Languages that are written without spaces between words: their words are not counted."""
_RARE = 10


def fertility(encoder: BulkEncoder, held: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """By language: documents, bytes, characters, tokens, and their ratios."""
    found: dict[str, dict[str, Any]] = {}
    for language, texts in held.items():
        tokens = len(encoder.encode(texts).ids)
        size, characters = sum(len(text.encode()) for text in texts), sum(map(len, texts))
        figures = {"documents": len(texts), "bytes": size, "characters": characters, "tokens": tokens}
        ratios = {"bytes_per_token": size / tokens, "tokens_per_character": tokens / characters}
        if language not in _NO_SPACES and (words := sum(len(text.split()) for text in texts)):
            ratios["tokens_per_word"] = tokens / words
        found[language] = figures | {name: round(ratio, 4) for name, ratio in ratios.items()}
    return found


def rare_pieces(uses_V: NDArray[np.int64]) -> int:
    """Pieces, of these, that the training text uses fewer than ten times: a model learns little about them."""
    return int((uses_V < _RARE).sum())


def said(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures in one line: bytes per token by language, the largest first."""
    by_size = sorted(found.items(), key=lambda item: (-item[1]["bytes"], item[0]))
    return ", ".join(f"{language} {figures['bytes_per_token']:.2f}" for language, figures in by_size)
