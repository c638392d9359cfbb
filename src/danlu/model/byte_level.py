"""Byte-level BPE tokenizers as `tokenizer.json` writes them: pieces as bytes, merges in order, how text is split.

Byte-level BPE (GPT-2; Radford et al. 2019) writes each byte of UTF-8 as one printable character and merges neighbours, the pair
that stands first in the list of merges first, inside pieces that a regular expression cuts. Four ways to cut are known
here, by their exact text: GPT-2's, GPT-4's, Qwen's, and GPT-2's behind single digits (SmolLM).
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_GPT4 = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""The pattern of Qwen 2, 2.5 and 3: GPT-4's, with every digit alone."""


class Split(NamedTuple):
    """What of the known patterns differs."""

    any_before_letters: bool
    """A run of letters takes one character before it that is no letter, digit or line break (GPT-4); else a space (GPT-2)."""
    most_digits: int
    """Digits in one piece; 0 for any number of them, behind a space if there is one."""
    line_breaks: bool
    """Line breaks end the white space, or the signs, before them."""
    fold_contractions: bool
    """'S is as 's."""
    digits_first: bool
    """Every digit is cut out before anything else is looked at."""


_GPT2_SPLIT = Split(False, 0, False, False, False)
_KNOWN = {
    QWEN2_SPLIT: Split(True, 1, True, True, False),
    rf"(?i:'s|'t|'re|'ve|'m|'ll|'d)|{_GPT4}": Split(True, 3, True, True, False),
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": _GPT2_SPLIT,
}


@dataclass(frozen=True)
class ByteLevelBpe:
    """What a `tokenizer.json` says of a byte-level BPE."""

    pieces: dict[str, int]
    """Every piece, in byte-level characters, with its id. SmolLM lacks a few bytes: `tokenizers` drops them from a text."""
    merges: tuple[tuple[str, str], ...]
    """First come first merged."""
    split: Split | None
    """None for a pattern that is not known here."""
    composed: bool
    """Text is brought to NFC first."""
    whole_first: bool
    """A piece of text that stands in the vocabulary is taken whole, whatever the merges say (`ignore_merges`)."""
    ordinary_added: tuple[str, ...]
    """Added tokens that are not special: they are found in any text."""

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "ByteLevelBpe | None":
        """Read the JSON of a `tokenizer.json`; None when it is no byte-level BPE that merges alone explain."""
        model, normalizer = facts["model"], facts.get("normalizer")
        plain = model.get("type") == "BPE" and not any(
            model.get(name)
            for name in ("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")
        )
        steps = _steps(facts.get("pre_tokenizer"))
        composed = normalizer == {"type": "NFC"}
        if not (plain and steps and (composed or normalizer is None) and _is_byte_level(steps[-1])):
            return None
        pieces = {str(piece): int(id) for piece, id in model["vocab"].items()}
        pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"])
        ordinary = tuple(token["content"] for token in facts.get("added_tokens", ()) if not token["special"])
        merges = tuple((str(left), str(right)) for left, right in pairs)
        return cls(pieces, merges, _split_of(steps), composed, bool(model.get("ignore_merges")), ordinary)

    @classmethod
    def read(cls, folder: Path) -> "ByteLevelBpe | None":
        """Read `tokenizer.json` of a folder."""
        return cls.of(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")))


def _steps(pre_tokenizer: Any) -> list[dict[str, Any]]:
    if pre_tokenizer is None:
        return []
    return list(pre_tokenizer["pretokenizers"]) if pre_tokenizer["type"] == "Sequence" else [pre_tokenizer]


def _is_byte_level(step: dict[str, Any]) -> bool:
    return step["type"] == "ByteLevel" and not step["add_prefix_space"]


def _split_of(steps: list[dict[str, Any]]) -> Split | None:
    *before, last = steps
    regex = last.get("use_regex", True)
    if not before:
        return _GPT2_SPLIT if regex else None
    first = before[0]
    if len(before) > 1:
        return None
    if first["type"] == "Digits" and first["individual_digits"] and regex:
        return _GPT2_SPLIT._replace(digits_first=True)
    if first["type"] == "Split" and first["behavior"] == "Isolated" and not first["invert"] and not regex:
        return _KNOWN.get(first["pattern"].get("Regex", ""))
    return None


def _byte_characters() -> str:
    """GPT-2's `bytes_to_unicode`: printable bytes as themselves, the others as the characters from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return "".join(chr(byte if byte in printable else next(others)) for byte in range(256))


BYTE_CHARACTERS = _byte_characters()
"""The character of each byte, by its value."""


@cache
def _bytes_of_characters() -> dict[str, int]:
    return {character: byte for byte, character in enumerate(BYTE_CHARACTERS)}


def to_characters(data: bytes) -> str:
    """Bytes in byte-level characters."""
    return data.decode("latin-1").translate({byte: ord(character) for byte, character in enumerate(BYTE_CHARACTERS)})


def to_bytes(piece: str) -> bytes | None:
    """The bytes of a piece; None when it is written in other characters (a special token)."""
    known = _bytes_of_characters()
    return bytes(known[character] for character in piece) if all(c in known for c in piece) else None
