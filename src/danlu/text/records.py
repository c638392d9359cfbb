"""The document record, and the two tables beside it that account for everything not kept or changed.

documents: doc_id, text, title, source, media_type, language, licence, blocks (offset to page and heading), meta.
rejects: doc_id, source, rule, value, threshold. edits: doc_id, rule, count. kept + rejected = input, always.
Parquet, zstd, row groups of 1,000, written without timestamps: equal rows are equal bytes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from danlu.core.stages import Facts

ROW_GROUP = 1000

_BLOCK = pa.struct(
    [("start", pa.int64()), ("end", pa.int64()), ("kind", pa.string()), ("page", pa.int32()), ("level", pa.int32())]
)
_PIECE = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("source_start", pa.int64()),
        ("source_end", pa.int64()),
        ("kept", pa.bool_()),
    ]
)

DOCUMENTS = pa.schema(
    [(name, pa.large_string()) for name in ("doc_id", "text", "title", "source", "media_type", "language", "licence")]
    + [("blocks", pa.list_(_BLOCK)), ("offsets", pa.list_(_PIECE)), ("meta", pa.large_string())]
)
REJECTS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("source", pa.string()),
        ("rule", pa.string()),
        ("value", pa.string()),
        ("threshold", pa.string()),
    ]
)
EDITS = pa.schema([("doc_id", pa.string()), ("rule", pa.string()), ("count", pa.int64())])
FILES = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "source", "sha256")]
    + [("size_bytes", pa.int64()), ("media_type", pa.string()), ("licence", pa.string())]
)


@dataclass(frozen=True)
class Block:
    """A span of a document's text: `kind` is heading, text, code, table, or furniture (page headers and footers)."""

    start: int
    end: int
    kind: str
    page: int | None = None
    """1-based; None where the format has no pages."""
    level: int = 0
    """1 to 6 for headings, 0 otherwise."""


@dataclass(frozen=True)
class Document:
    """One document. `offsets` is empty in an extraction and leads back to it from a cleaned text."""

    doc_id: str
    text: str
    title: str
    source: str
    media_type: str
    licence: str
    language: str = "und"
    blocks: tuple[Block, ...] = ()
    offsets: tuple[dict[str, Any], ...] = ()
    meta: str = "{}"


@dataclass(frozen=True)
class Reject:
    """Why a document was not kept: the rule, what was measured, and the bound it crossed."""

    doc_id: str
    source: str
    rule: str
    value: str
    threshold: str


@dataclass
class Ledger:
    """What happened to each of `input` documents, while a stage runs."""

    input: int
    documents: list[Document] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> Facts:
        """Write the three tables, in the order of the sources, and report the counts."""
        rows = [asdict(document) for document in sorted(self.documents, key=lambda document: document.source)]
        write_table(folder / "documents.parquet", rows, DOCUMENTS)
        return Facts(self.write_accounts(folder, len(rows)), licences_of(rows))

    def write_accounts(self, folder: Path, kept: int) -> dict[str, int]:
        """Write rejects and edits, and return the counts: kept + rejected = input, and rejects by rule."""
        rejects = sorted((asdict(reject) for reject in self.rejects), key=lambda row: (row["source"], row["rule"]))
        edits = sorted(self.edits, key=lambda row: (row["doc_id"], row["rule"]))
        write_table(folder / "rejects.parquet", rejects, REJECTS)
        write_table(folder / "edits.parquet", edits, EDITS)
        counts = {"input": self.input, "kept": kept, "rejected": len(rejects)}
        for row in rejects:
            key = f"rejected: {row['rule']}"
            counts[key] = counts.get(key, 0) + 1
        return counts


def licences_of(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The set of licences of some rows."""
    return tuple(sorted({row["licence"] for row in rows}))


def write_table(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    """Write rows as Parquet with deterministic bytes."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)


def read_rows(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """All rows of a Parquet file, or some of its columns."""
    rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    return rows


def read_documents(path: Path) -> list[Document]:
    """The documents of a `documents.parquet`."""
    return [
        Document(
            **{**row, "blocks": tuple(Block(**block) for block in row["blocks"]), "offsets": tuple(row["offsets"])}
        )
        for row in read_rows(path)
    ]
