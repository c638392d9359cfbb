"""Run a function that makes new documents over every part of a corpus: what comes out is the corpus and what was made of it.

kept + rejected = documents + attempts. A worker holds one row group; every new text is compared with all texts of the corpus
by a 64-bit hash (8 bytes per document, mapped from one file), and with the other new texts of its part.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from danlu.core.artifacts import Corpus
from danlu.core.shards import finish
from danlu.core.stages import Facts, Work
from danlu.data.parts import TABLES, PartWriter, Verdict, gather, parts_of
from danlu.text.records import DOCUMENTS, Document, Reject
from danlu.text.tables import read_groups


@dataclass(frozen=True)
class Made:
    """One attempt: a new document with its edits and its rows beside, or why there is none."""

    document: Document | None = None
    reject: Reject | None = None
    edits: Mapping[str, int] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)


Make = Callable[[Document], Iterable[Made]]


@dataclass(frozen=True)
class _Shard:
    number: int
    source: Path
    outcome: Path


def expand_parts(work: Work, corpus: Corpus, make: Make, beside: str, schema: pa.Schema) -> Facts:
    """Write the corpus with all that `make` makes of its documents, and a table `beside` about what was made.

    `make` is a module-level function, or a `partial` of one. A killed run continues part by part.
    """
    schemas = TABLES | {beside: schema}
    known = work.scratch / "known.npy"
    if not known.exists():
        half = known.with_suffix(".half.npy")
        np.save(half, _hashes(corpus))
        half.replace(known)
    shards = [_Shard(number, path, work.scratch / f"part-{number:05}") for number, path in enumerate(parts_of(corpus))]
    finish(work, partial(_expand_part, make, beside, schemas, known), shards)
    return gather(work.folder, [shard.outcome for shard in shards], tuple(schemas))


def text_hash(text: str) -> int:
    """64 bits of a text without its white space."""
    return int.from_bytes(hashlib.blake2b("".join(text.split()).encode(), digest_size=8).digest(), "little")


def _hashes(corpus: Corpus) -> Any:
    found = [
        np.fromiter((text_hash(text) for text in group["text"].to_pylist()), np.uint64, group.num_rows)
        for group in read_groups(corpus.documents, ["text"])
    ]
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.uint64)


@cache
def _known(path: Path, _changed: int) -> Any:
    return np.load(path, mmap_mode="r")


def _expand_part(make: Make, beside: str, schemas: Mapping[str, pa.Schema], known: Path, shard: _Shard) -> None:
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    writer = PartWriter(shard.outcome, schemas)
    hashes = _known(known, known.stat().st_mtime_ns)
    own: set[int] = set()
    read = 0
    for table in read_groups(shard.source):
        for row in table.to_pylist():
            read += _add(writer, Document.of(row), make, beside, schemas[beside], hashes, own)
    writer.finish(read)


def _add(
    writer: PartWriter, document: Document, make: Make, beside: str, schema: pa.Schema, hashes: Any, own: set[int]
) -> int:
    """Write one document and what was made of it; returns how many attempts that was, itself counted."""
    attempts = [_checked(made, document, hashes, own) for made in make(document)]
    kept = [made for made in attempts if made.document is not None]
    rows = [asdict(document)] + [asdict(made.document) for made in kept if made.document is not None]
    writer.add(
        Verdict(
            pa.Table.from_pylist(rows, schema=DOCUMENTS),
            [made.reject for made in attempts if made.reject is not None],
            [
                (made.document.doc_id, rule, n)
                for made in kept
                if made.document
                for rule, n in sorted(made.edits.items())
            ],
            {beside: pa.Table.from_pylist([dict(made.row) for made in kept], schema=schema)},
        )
    )
    return 1 + len(attempts)


def _checked(made: Made, parent: Document, hashes: Any, own: set[int]) -> Made:
    if made.document is None:
        return made
    document, key = made.document, text_hash(made.document.text)
    if key == text_hash(parent.text):
        return Made(reject=Reject(document.doc_id, document.source, "equal to its parent", "0 changes", "1 change"))
    at = int(np.searchsorted(hashes, np.uint64(key)))
    if key in own or (at < len(hashes) and int(hashes[at]) == key):
        return Made(
            reject=Reject(
                document.doc_id,
                document.source,
                "duplicate variant",
                "same text as another document",
                "a text of its own",
            )
        )
    own.add(key)
    return made
