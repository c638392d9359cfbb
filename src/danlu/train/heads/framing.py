"""Texts as token ids with the special tokens that an encoder was trained with, and windows over texts that are too long.

What the special tokens are is read off the tokenizer itself, on one letter and on a pair of letters, so that each encoder gets
its own, and a short text has exactly the ids that Transformers' pipelines give it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.model.checkpoint_files import load_tokenizer

_NO_LIMIT = 1_000_000
"""Tokenizers without a bound say 10**30."""
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert")
"""Their first position is the padding's number plus one."""


@dataclass(frozen=True)
class Pieces:
    """The tokens of a text, without special ones; `spans` are half-open code points, white space left out."""

    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Window:
    """Tokens `start` to `end` of a text. Those from `own_start` to `own_end` are this window's to judge, the others its context."""

    start: int
    end: int
    own_start: int
    own_end: int


@dataclass(frozen=True)
class _Special:
    """Special tokens in one place, and their types."""

    ids: tuple[int, ...]
    types: tuple[int, ...]


@dataclass(frozen=True)
class Framing:
    """A tokenizer, what it puts around one text and two, and how many tokens the model reads."""

    tokenizer: Any
    max_tokens: int
    pad_id: int
    has_types: bool
    around_one: tuple[_Special, _Special]
    around_two: tuple[_Special, _Special, _Special]
    second_type: int

    @classmethod
    def load(cls, folder: Path, sequence_tokens: int) -> "Framing":
        """The tokenizer of a checkpoint. Raises UserError when it tells no offsets, or has nothing to pad with."""
        from transformers import AutoConfig

        tokenizer = load_tokenizer(folder)
        pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        if not tokenizer.is_fast or pad_id is None:
            raise UserError(
                "{folder}: the tokenizer has no tokenizer.json with a padding or an end token",
                "An encoder with a fast tokenizer is expected, as save_pretrained writes it.",
                folder=folder,
            )
        reads = min(sequence_tokens, _positions(AutoConfig.from_pretrained(folder, local_files_only=True)))
        reads = min(reads, tokenizer.model_max_length if tokenizer.model_max_length < _NO_LIMIT else reads)
        one, two = tokenizer("a", return_special_tokens_mask=True), tokenizer("a", "b", return_special_tokens_mask=True)
        special_one, _ = _special(one)
        special_two, second_type = _special(two)
        has_types = "token_type_ids" in one
        return cls(tokenizer, reads, pad_id, has_types, special_one[:2], special_two[:3], second_type)  # type: ignore[arg-type]

    @property
    def room(self) -> int:
        """Tokens of one text that fit beside the special ones."""
        return self.max_tokens - sum(len(special.ids) for special in self.around_one)

    def room_beside(self, first: int) -> int:
        """Tokens of a second text that fit beside a first one of this length."""
        return self.max_tokens - first - sum(len(special.ids) for special in self.around_two)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """The tokens of texts, nothing cut."""
        if not texts:
            return []
        found = self.tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return [
            Pieces(tuple(ids), tuple(_trimmed(text, span) for span in spans))
            for text, ids, spans in zip(texts, found["input_ids"], found["offset_mapping"], strict=True)
        ]

    def one(self, ids: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids and types of one text with its special tokens; the text begins at `text_start`."""
        before, after = self.around_one
        types = (*before.types, *[0] * len(ids), *after.types)
        return (*before.ids, *ids, *after.ids), types if self.has_types else ()

    def two(self, first: Sequence[int], second: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids and types of two texts; the second begins at `second_start`."""
        before, between, after = self.around_two
        types = (*before.types, *[0] * len(first), *between.types, *[self.second_type] * len(second), *after.types)
        return (*before.ids, *first, *between.ids, *second, *after.ids), types if self.has_types else ()

    @property
    def text_start(self) -> int:
        """Where the tokens of one text begin."""
        return len(self.around_one[0].ids)

    def second_start(self, first: int) -> int:
        """Where the tokens of the second text begin, after a first of this length."""
        return len(self.around_two[0].ids) + first + len(self.around_two[1].ids)


def windows(count: int, room: int, overlap: int) -> list[Window]:
    """Cover `count` tokens by windows of at most `room`. Each token is one window's own; `overlap` of context stand on either side.

    A text that fits is one window. A text without tokens is one empty window.
    """
    if count <= room:
        return [Window(0, count, 0, count)]
    overlap = min(overlap, (room - 1) // 2)
    found: list[Window] = []
    start = own_start = 0
    while own_start < count:
        end = min(start + room, count)
        own_end = count if end == count else end - overlap
        found.append(Window(start, end, own_start, own_end))
        own_start = own_end
        start = own_start - overlap
    return found


def _special(encoded: Any) -> tuple[list[_Special], int]:
    """The special tokens before, between and after the texts, and the type of the last text's tokens."""
    types = encoded["token_type_ids"] if "token_type_ids" in encoded else [0] * len(encoded["input_ids"])
    found: list[tuple[list[int], list[int]]] = [([], [])]
    last_type = 0
    for id, type, is_special in zip(encoded["input_ids"], types, encoded["special_tokens_mask"], strict=True):
        if is_special:
            found[-1][0].append(id)
            found[-1][1].append(type)
        else:
            found.append(([], []))
            last_type = type
    return [_Special(tuple(ids), tuple(types)) for ids, types in found], last_type


def _positions(config: Any) -> int:
    """How many tokens a model has places for."""
    known = config.to_dict()
    positions = known.get("max_position_embeddings") or _NO_LIMIT
    return positions - (config.pad_token_id + 1 if config.model_type in _OFFSET_POSITIONS else 0)


def _trimmed(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """A token's span without the white space that byte-level tokenizers put into it."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
