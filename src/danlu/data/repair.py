"""Repair: mend what decoding, layout and look-alike letters did to a text, tell its language if unstated, and count what it is like.

Nothing is rejected here. Every change is counted by rule, and every document keeps a map back to its extraction, so
that a citation points into what the source says and not into our rewriting of it. Texts that no rule could change are told by a
kernel first and left alone. The counts go to `statistics`, which the rules of `clean` judge: another threshold reads no text.
"""

import re
import unicodedata
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.languages import with_languages
from danlu.data.lines import LineRules, line_edits
from danlu.data.normalise import normalise
from danlu.data.parts import Batch, Verdict, map_parts
from danlu.data.pinyin import pinyin_notes
from danlu.text.characters import TABLE_SHA256
from danlu.text.offsets import Edit, apply
from danlu.text.quality import COLUMNS, measure
from danlu.text.records import DOCUMENTS, Document
from danlu.text.rewrite import counted, edited, rewritten
from danlu.text.suspects import suspects

MEASURED = (*COLUMNS, "removed_controls")
"""The columns of danlu.text.quality after repair, and how many control characters were there before it."""
STATISTICS = pa.schema([("doc_id", pa.string()), ("language", pa.string())] + [(name, pa.int64()) for name in MEASURED])
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_SPACE = re.compile(r"\s+")


class RepairConfig(Config):
    """What repair takes out beside what is broken."""

    lines: LineRules = "none"
    """Rules for lines: `c4` keeps lines that end like sentences, `c4-any-end` is FineWeb's variant. Made for pages of the web."""


def _repair(work: Work, config: RepairConfig, *, documents: Corpus) -> Facts:
    judge = partial(_judge, config.lines)
    return map_parts(work, documents, judge, {"statistics": STATISTICS}, repair.shaping(config))


def _judge(lines: LineRules, batch: Batch) -> Verdict:
    table = batch.table
    laid_out_D = _has_layout(table["blocks"].combine_chunks())
    suspect_D = suspects(table["text"]) | laid_out_D
    touched_D = suspect_D | (lines != "none")
    controls_D = np.array(pc.count_substring_regex(table["text"], _CONTROLS))
    repaired, edits = _repaired(table.filter(pa.array(touched_D)), suspect_D[touched_D], lines)
    table = _merged(table, repaired, touched_D)
    columns_DK = np.column_stack((measure(table["text"]), controls_D))
    table = with_languages(table, columns_DK)
    titles = pa.array([clean_title(title) for title in table["title"].to_pylist()], pa.large_string())
    table = table.set_column(table.schema.get_field_index("title"), "title", titles)
    return Verdict(table, edits=edits, beside={"statistics": _statistics(table, columns_DK)})


def _has_layout(blocks: pa.ListArray) -> NDArray[np.bool_]:
    """Which documents have blocks whose line breaks may be those of a page (D,)."""
    laid = np.concatenate(
        ([0], np.cumsum(pc.not_equal(blocks.flatten().field("kind"), "lines").to_numpy(zero_copy_only=False)))
    )
    ends = np.cumsum(pc.fill_null(pc.list_value_length(blocks), 0).to_numpy(zero_copy_only=False))
    counts: NDArray[np.bool_] = np.diff(laid[np.concatenate(([0], ends))]) > 0
    return counts


def _repaired(
    table: pa.Table, suspect_D: NDArray[np.bool_], lines: LineRules
) -> tuple[pa.Table, list[tuple[str, str, int]]]:
    rows: list[dict[str, Any]] = []
    counts: list[tuple[str, str, int]] = []
    for row, is_suspect in zip(table.to_pylist(), suspect_D.tolist(), strict=True):
        document, edits = repair_document(Document.of(row)) if is_suspect else (Document.of(row), [])
        taken = list(line_edits(document.text, lines))
        rows.append(edited(document, taken).row())
        counts += counted(document.doc_id, edits + taken)
    return pa.Table.from_pylist(rows, schema=DOCUMENTS), counts


def _merged(table: pa.Table, repaired: pa.Table, touched_D: NDArray[np.bool_]) -> pa.Table:
    """The rows of `table`, those that were touched taken from `repaired`, in their old order."""
    untouched = table.filter(pa.array(~touched_D))
    order_D = np.argsort(np.concatenate((np.flatnonzero(~touched_D), np.flatnonzero(touched_D))))
    return pa.concat_tables([untouched, repaired]).take(pa.array(order_D))


def repair_document(document: Document) -> tuple[Document, list[Edit]]:
    """The document with its text mended and its blocks moved along, without page furniture; and the edits."""
    text, moved, edits = normalise(document.text, document.blocks)
    blocks = tuple(block for block in document.blocks if block.kind != "furniture")
    notes = list(pinyin_notes(text))
    if notes:
        text, later = apply(text, notes)
        moved, edits = later.after(moved), edits + notes
    if not edits and blocks == document.blocks:
        return document, []
    return rewritten(replace(document, blocks=blocks), text, moved), edits


def clean_title(title: str) -> str:
    """A title on one line."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", title)).strip()


def _statistics(table: pa.Table, columns_DK: NDArray[np.int64]) -> pa.Table:
    columns = [pa.array(column) for column in columns_DK.T]
    told = [table[name].cast(pa.string()).combine_chunks() for name in ("doc_id", "language")]
    return pa.Table.from_arrays([*told, *columns], schema=STATISTICS)


repair = Stage(
    "repair",
    version=3,
    makes=Corpus,
    body=_repair,
    config=RepairConfig,
    libraries=("ftfy", "py3langid"),
    rules=(("normalisation", 5), ("characters", TABLE_SHA256)),
    resumable=True,
)
