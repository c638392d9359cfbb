"""Token shards of given ids, written without a tokenizer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danlu.loop.shard_writer import PartWriter, join_parts
from danlu.loop.shards import Encoding
from danlu.text.tables import TableWriter
from danlu.train.tokenize.parts import LINEAGE

Ids = Sequence[int]
Bits = Sequence[bool]


def write_shards(
    folder: Path,
    documents: Sequence[Ids],
    *,
    masks: Sequence[Bits] | None = None,
    parts: int = 1,
    vocabulary_size: int = 1000,
    tokenizer: str = "test",
    languages: Sequence[str] = ("en",),
) -> Path:
    """The documents in so many parts; document n has language n modulo the languages, and three bytes for each token."""
    encoding = Encoding(vocabulary_size, 0, tokenizer, masks is not None)
    made = []
    for number, numbers in enumerate(np.array_split(np.arange(len(documents)), parts)):
        part = folder / f"part-{number}"
        part.mkdir(parents=True)
        with PartWriter(part, encoding) as writer:
            for at in numbers:
                mask = None if masks is None else np.array(masks[at], np.bool_)
                writer.add(np.array(documents[at], np.int32), np.array([len(documents[at])]), mask)
        made.append(part)
    join_parts(folder, made, encoding)
    rows = [
        {"doc_id": f"d{at}", "source": "s", "language": languages[at % len(languages)], "tokens": len(ids),
         "text_bytes": 3 * len(ids), "first_token_bytes": 3}
        for at, ids in enumerate(documents)
    ]  # fmt: skip
    with TableWriter(folder / "documents" / "00000.parquet", LINEAGE) as table:
        table.add_rows(rows)
    return folder


def distinct(lengths: Sequence[int]) -> list[list[int]]:
    """Documents of these lengths in which every token is another number."""
    ends = np.cumsum(lengths)
    return [list(range(int(end) - length, int(end))) for end, length in zip(ends, lengths, strict=True)]
