"""The label record: who or what gave a document which label, how surely, and for which text.

A row is one label by one annotator. `text_hash` is that of the text which was labelled: a label of a text that has
changed since is not a label of the new one. `origin` is weak (labelling functions), model (a language model), human,
or suspect (a label that probably should have been given). `probability` is null where nobody estimated one;
`distribution` follows the order of the artifact's names, and is empty where there is none. A document that got no label
stands in `rejects` with the reason.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from danlu.core.artifacts import Labels
from danlu.text.tables import stream_rows

_SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])
LABELS = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "source", "text_hash", "label")]
    + [("probability", pa.float64()), ("distribution", pa.list_(pa.float64()))]
    + [("origin", pa.string()), ("annotator", pa.string()), ("spans", pa.list_(_SPAN)), ("meta", pa.string())]
)
HASH_DIGITS = 32
"""Hex digits of a text's SHA-256: 128 bits."""


class Span(NamedTuple):
    """A labelled piece of a text: half-open code points."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Label:
    """One row of LABELS."""

    doc_id: str
    source: str
    text_hash: str
    label: str | None
    """None where the annotator labelled spans only."""
    origin: str
    annotator: str
    probability: float | None = None
    distribution: tuple[float, ...] = ()
    spans: tuple[Span, ...] = ()
    meta: str = "{}"
    """A JSON object: votes, the model's reason, the tool's own ids."""

    def row(self) -> dict[str, Any]:
        """The row of LABELS."""
        return {**vars(self), "distribution": list(self.distribution), "spans": [span._asdict() for span in self.spans]}

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Label":
        """The label of a row of LABELS."""
        spans = tuple(Span(**span) for span in row["spans"])
        return cls(**{**row, "distribution": tuple(row["distribution"]), "spans": spans})


def text_hash(text: str) -> str:
    """The hash by which a label knows the text that it was given for."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def read_labels(labels: Labels) -> Iterator[Label]:
    """All labels of an artifact, one after the other."""
    return (Label.of(row) for row in stream_rows(labels.labels))


def write_names(folder: Path, names: Sequence[str]) -> None:
    """Write the names that labels may have, in the order of `distribution`."""
    (folder / "names.json").write_text(json.dumps(list(names), ensure_ascii=False) + "\n", encoding="utf-8")
