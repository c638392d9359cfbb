"""The document record, and the tables beside it that account for everything not kept or changed.

A corpus is three folders of Parquet parts. documents: doc_id, text, title, source, media_type, language, licence, blocks
(offset to page and heading), offsets, meta. rejects: doc_id, source, rule, value, threshold. edits: doc_id, rule,
count. Part 00007 of each is about the same shard of the input. kept + rejected = input, always.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from danlu.core.stages import Facts
from danlu.text.offsets import OffsetMap, Piece, identity
from danlu.text.tables import stream_rows, write_rows

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
REJECTS = pa.schema([(name, pa.string()) for name in ("doc_id", "source", "rule", "value", "threshold")])
EDITS = pa.schema([("doc_id", pa.string()), ("rule", pa.string()), ("count", pa.int64())])
FILES = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "source", "sha256")]
    + [("size_bytes", pa.int64()), ("media_type", pa.string()), ("licence", pa.string())]
)


@dataclass(frozen=True)
class Block:
    """A span of a document's text: `kind` is heading, text, lines, code, table, or furniture (page headers and footers).

    `lines` is text whose line breaks are its author's (a row of a data set), and not those of a page.
    """

    start: int
    end: int
    kind: str
    page: int | None = None
    """1-based; None where the format has no pages."""
    level: int = 0
    """1 to 6 for headings, 0 otherwise."""


@dataclass(frozen=True)
class Document:
    """One document. `offsets` leads back from its text to the extraction; it is empty while both are the same."""

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
    """A JSON object: what the source says of the document and no column holds (its URL, date, author, parent)."""

    def offset_map(self) -> OffsetMap:
        """The way back from this text to the extraction."""
        return OffsetMap(tuple(Piece(**piece) for piece in self.offsets)) if self.offsets else identity(len(self.text))

    def row(self) -> dict[str, Any]:
        """The document as a row of DOCUMENTS. Nothing is copied: dataclasses.asdict would cost more than most stages do."""
        return vars(self) | {"blocks": [vars(block) for block in self.blocks]}

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Document":
        """The document of a row of DOCUMENTS."""
        return cls(
            **{**row, "blocks": tuple(Block(**block) for block in row["blocks"]), "offsets": tuple(row["offsets"])}
        )


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
    """What happened to each of `input` documents, for a stage that is small enough to hold them all."""

    input: int
    documents: list[Document] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    edits: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> Facts:
        """Write the three tables as one part, in the order of the sources, and report the counts."""
        rows = [document.row() for document in sorted(self.documents, key=lambda document: document.source)]
        write_rows(folder / "documents" / part_name(0), rows, DOCUMENTS)
        return Facts(self.write_accounts(folder, len(rows)), licences_of(rows))

    def write_accounts(self, folder: Path, kept: int) -> dict[str, int]:
        """Write rejects and edits, and return the counts: kept + rejected = input, and rejects by rule."""
        rejects = sorted((asdict(reject) for reject in self.rejects), key=lambda row: (row["source"], row["rule"]))
        edits = sorted(self.edits, key=lambda row: (row["doc_id"], row["rule"]))
        write_rows(folder / "rejects" / part_name(0), rejects, REJECTS)
        write_rows(folder / "edits" / part_name(0), edits, EDITS)
        counts = {"input": self.input, "kept": kept, "rejected": len(rejects)}
        for row in rejects:
            key = f"rejected: {row['rule']}"
            counts[key] = counts.get(key, 0) + 1
        return counts


def part_name(number: int) -> str:
    """The file name of a part; names sort as numbers."""
    return f"{number:05}.parquet"


def licences_of(rows: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """The set of licences of some rows."""
    return tuple(sorted({row["licence"] for row in rows}))


def read_documents(path: Path) -> Iterator[Document]:
    """The documents of a corpus's `documents`, one after the other."""
    return (Document.of(row) for row in stream_rows(path))
