"""Token ids of a stretch of text by what stands before it.

SentencePiece tokenizers put a space before text that has none: before every stretch between two special tokens (LLaMA 2,
Phi-3), or only where the whole text begins (Mistral v0.3, `prepend_scheme: first`). A conversation is tokenised stretch by
stretch, so the space must stand where it would stand had the whole been tokenised at once. Byte-level tokenizers
put none. The fields: https://huggingface.co/docs/tokenizers/api/pre-tokenizers
"""

import json
from enum import Enum
from typing import Any


class Before(Enum):
    """What stands before a stretch."""

    NOTHING = "nothing"
    SPECIAL = "a special token"
    TEXT = "text, which it continues"


class StretchEncoder:
    """Encodes stretches, in none of which a special token is recognised."""

    def __init__(self, tokenizer: Any) -> None:
        """`tokenizer` is changed: it no longer recognises special tokens."""
        everywhere, first = _prefixes(tokenizer)
        unprefixed = _unprefixed(tokenizer) if everywhere or first else tokenizer
        self._tokenizers = {
            Before.NOTHING: tokenizer,
            Before.SPECIAL: tokenizer if everywhere else unprefixed,
            Before.TEXT: unprefixed,
        }
        for one in self._tokenizers.values():
            one.encode_special_tokens = True

    def encode(self, text: str, before: Before) -> list[int]:
        """Token ids: special tokens written out in `text` are characters."""
        return list(self._tokenizers[before].encode(text, add_special_tokens=False).ids) if text else []


def _prefixes(tokenizer: Any) -> tuple[bool, bool]:
    """Whether a space is put before every stretch, and whether before the first."""
    parts = [*_parts(_state(tokenizer.normalizer)), *_parts(_state(tokenizer.pre_tokenizer))]
    everywhere = any(
        part["type"] == "Prepend" or part.get("prepend_scheme") == "always" or part.get("add_prefix_space")
        for part in parts
    )
    return everywhere, any(part.get("prepend_scheme") == "first" for part in parts)


def _unprefixed(tokenizer: Any) -> Any:
    """The same tokenizer without the space."""
    from tokenizers import Tokenizer

    whole = json.loads(tokenizer.to_str())
    for part in _parts(whole["normalizer"]):
        if part["type"] == "Prepend":
            part["prepend"] = ""
    for part in _parts(whole["pre_tokenizer"]):
        if "prepend_scheme" in part:
            part["prepend_scheme"] = "never"
        if "add_prefix_space" in part:
            part["add_prefix_space"] = False
    return Tokenizer.from_str(json.dumps(whole))


def _state(component: Any) -> dict[str, Any] | None:
    """A component of a tokenizer as tokenizer.json has it; the vocabulary is not written out."""
    return None if component is None else json.loads(component.__getstate__())


def _parts(component: dict[str, Any] | None) -> list[dict[str, Any]]:
    if component is None:
        return []
    inner = component.get("normalizers") or component.get("pretokenizers")
    return [part for one in inner for part in _parts(one)] if inner else [component]
