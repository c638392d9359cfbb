"""More pieces for an existing byte-level BPE: merges behind all of its own.

Its own merges come first and are done before any new one, so every text is cut as before and then some neighbours are joined. Replace
each new piece by the pieces that spell it, and the old ids are back, for every text; one without new pieces keeps its ids. No old
id changes. New merges are learnt by BPE over the old pieces of the corpus, most frequent pair first.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.core.errors import UserError, WorkFailed
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.byte_level import ByteLevelBpe

_LEAST_SEEN = 2
_LONGEST_PIECE = 16
"""Old pieces in a new one."""
_SURROGATES, _SURROGATE_COUNT = 0xD800, 0x800


class Added(NamedTuple):
    """A new piece: its id, its text in byte-level characters, and the old ids that spell it."""

    id: int
    piece: str
    spelt: list[int]


class Extended(NamedTuple):
    """A tokenizer with more pieces."""

    tokenizer: dict[str, Any]
    added: list[Added]
    skipped: int
    """Pieces that were learnt but stand in the vocabulary already, as text that no merges lead to."""


def extend(facts: dict[str, Any], encoder: BulkEncoder, columns: Iterable[pa.Array], most: int) -> Extended:
    """Add up to `most` pieces learnt from the texts to the tokenizer of `facts`, the JSON of its `tokenizer.json`.

    Raises UserError for a tokenizer that is no byte-level BPE split in a known way, WorkFailed when no piece is worth adding.
    """
    bpe = ByteLevelBpe.of(facts)
    if bpe is None or not encoder.compiled:
        raise UserError(
            "the tokenizer of --base cannot be extended: it is no byte-level BPE whose way of splitting text is known",
            "GPT-2, LLaMA 3, Qwen and SmolLM tokenizers can; or train a vocabulary of your own, without --base.",
        )
    names = {id: piece for piece, id in bpe.pieces.items()}
    taken = set(bpe.pieces) | {token["content"] for token in facts["added_tokens"]}
    next_id, spelt, merges, added, skipped = encoder.vocabulary_size, dict[str, list[int]](), [], list[Added](), 0
    spelt |= {names[id]: [id] for id in names}
    for left_ids, right_ids in _learn(encoder, columns, most):
        left, right = ("".join(names[id] for id in ids) for ids in (left_ids, right_ids))
        is_known = spelt.get(left) == left_ids and spelt.get(right) == right_ids
        if not is_known or left + right in taken:
            skipped += 1
            continue
        spelt[left + right] = [*left_ids, *right_ids]
        taken.add(left + right)
        merges.append([left, right])
        added.append(Added(next_id + len(added), left + right, spelt[left + right]))
    if not added:
        raise WorkFailed(
            "no new piece stands twice in these documents", "Add documents, or use the tokenizer as it is."
        )
    return Extended(_with(facts, bpe, merges, added), added, skipped)


def _learn(encoder: BulkEncoder, columns: Iterable[pa.Array], most: int) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of runs of old ids that are worth joining, the most frequent first: BPE by `tokenizers`, a character for an id."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    seen = np.zeros(encoder.vocabulary_size, np.bool_)
    texts: list[str] = []
    for column in columns:
        ids, firsts = encoder.pieces(column)
        seen[ids] = True
        texts.append(_as_characters(ids, firsts))
    learner: Any = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Split("\0", "removed")
    trainer = trainers.BpeTrainer(
        vocab_size=int(seen.sum()) + most,
        min_frequency=_LEAST_SEEN,
        max_token_length=_LONGEST_PIECE,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    for left, right in json.loads(learner.to_str())["model"]["merges"]:
        yield _as_ids(left), _as_ids(right)


def _as_characters(ids: NDArray[np.int32], firsts: NDArray[np.bool_]) -> str:
    """One character for each id, and a NUL before each piece."""
    codes = ids.astype(np.uint32) + 1
    codes[codes >= _SURROGATES] += _SURROGATE_COUNT
    return np.insert(codes, np.flatnonzero(firsts), 0).astype("<u4").tobytes().decode("utf-32-le")


def _as_ids(characters: str) -> list[int]:
    codes = (ord(character) for character in characters)
    return [code - 1 - (_SURROGATE_COUNT if code >= _SURROGATES else 0) for code in codes]


def _with(facts: dict[str, Any], bpe: ByteLevelBpe, merges: list[list[str]], added: list[Added]) -> dict[str, Any]:
    """The tokenizer's JSON with more pieces.

    `tokenizers` numbers an added token that is no piece by the size of the vocabulary, which grows here; as a piece that no
    merges lead to it keeps its id.
    """
    vocabulary = bpe.pieces | {token["content"]: token["id"] for token in facts["added_tokens"]}
    vocabulary |= {new.piece: new.id for new in added}
    by_id = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
    joined = [[left, right] for left, right in bpe.merges] + merges
    return facts | {"model": facts["model"] | {"vocab": by_id, "merges": joined}}
