"""Unigram over byte-level pieces, trained by SentencePiece on one thread.

The trainer of `tokenizers` gives other scores on every run; SentencePiece on one thread gives the same. It is given the pieces of our
split as words with their counts, every byte as one character, so nothing is normalised and nothing is unknown. SentencePiece's own
fallback to bytes is not used: `tokenizers` reads `<0x0A>` in a user's text as a line break then.
"""

import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from danlu.core.errors import WorkFailed
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.byte_level import BYTE_CHARACTERS, to_characters
from danlu.train.vocabulary.files import bpe_json

_LONGEST_PIECE = 32
"""Bytes: ten Han characters."""
_LONGEST_WORD = 1000
"""Bytes: longer runs are data, and SentencePiece's time grows with their square."""


def count_pieces(columns: Iterable[pa.Array]) -> Counter[bytes]:
    """How often each piece of our split stands in the texts."""
    single = {character: byte for byte, character in enumerate(BYTE_CHARACTERS)}
    encoder = BulkEncoder.of(json.dumps(bpe_json(single, [], [])))
    counted: Counter[bytes] = Counter()
    for column in columns:
        ids, firsts = encoder.pieces(column)
        data, edges = ids.astype(np.uint8).tobytes(), [*np.flatnonzero(firsts).tolist(), len(ids)]
        counted.update(data[start:end] for start, end in pairwise(edges))
    return counted


def train_unigram(counted: Mapping[bytes, int], size: int, scratch: Path) -> list[tuple[str, float]]:
    """Pieces with their log probabilities, `size` at most. Raises WorkFailed with SentencePiece's words."""
    import sentencepiece

    words = scratch / "words.tsv"
    with words.open("w", encoding="utf-8") as file:
        for piece, count in sorted(counted.items()):
            if len(piece) <= _LONGEST_WORD:
                file.write(f"{to_characters(piece)}\t{count}\n")
    absent = set(BYTE_CHARACTERS) - set(to_characters(b"".join(counted)))
    written = io.BytesIO()
    trainer: Any = sentencepiece.SentencePieceTrainer
    try:
        trainer.train(
            input=str(words), input_format="tsv", model_writer=written, model_type="unigram",
            vocab_size=size + 1 - len(absent), character_coverage=1.0, normalization_rule_name="identity",
            add_dummy_prefix=False, remove_extra_whitespaces=False, split_by_unicode_script=False, split_by_number=False,
            split_by_whitespace=False, max_sentencepiece_length=_LONGEST_PIECE, hard_vocab_limit=False, num_threads=1,
            bos_id=-1, eos_id=-1, pad_id=-1, unk_id=0, minloglevel=2, max_sentence_length=1 << 16,
        )  # fmt: skip
    except RuntimeError as error:
        raise WorkFailed("SentencePiece could not train: {problem}", problem=error) from None
    trained: Any = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    pieces = [(trained.id_to_piece(id), float(trained.get_score(id))) for id in range(1, trained.get_piece_size())]
    least = min(score for _, score in pieces)
    return [*pieces, *((character, least - 1) for character in sorted(absent))]
