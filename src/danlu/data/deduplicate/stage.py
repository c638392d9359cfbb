"""Deduplicate: one document of each set of exact or near duplicates stays, the first in the order of the corpus.

A document goes only when it is a duplicate of one that stays: groups are stars around what was kept (danlu.data.deduplicate.overlap_kernels),
not chains. In a chain of versions, each close to the next, the last may have nothing to do with the first; joined into
one group, text would be lost that stands nowhere else. The price is that some of them stay, each below the threshold to
every other that stays.

Broder 1997 (resemblance of documents); Lee et al. 2022 (arXiv 2107.06499) on what duplicates do to a language model.
"""

from functools import partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.deduplicate.corpus import find_duplicates
from danlu.data.deduplicate.outcome import Outcome, write_outcome
from danlu.data.deduplicate.passages import Passages, find_passages
from danlu.data.deduplicate.repeats import FOLDER_LINES, LINES, PARAGRAPHS, Repeats, find_repeats, has_hosts
from danlu.data.deduplicate.trim import Scissors, trimmed
from danlu.data.parts import Batch, Verdict, map_parts, parts_of
from danlu.text.records import Reject
from danlu.text.shingles import I64

CLUSTERS = pa.schema([("doc_id", pa.string()), ("cluster", pa.string()), ("size", pa.int64())])
"""Every document that has a duplicate, with the document that stays (the cluster's name) and how many they are."""
PAIRS = pa.schema(
    {
        "kept": pa.string(),
        "removed": pa.string(),
        "jaccard": pa.float64(),
        "bands": pa.int64(),
        "text": pa.large_string(),
    }
)
"""Every document that goes, with the one that stays for it, their similarity, in how many bands they met (none for an exact
duplicate) and the text of a near duplicate, which nothing else keeps."""


class DeduplicateConfig(Config):
    """What counts as a duplicate, and what is cut out of documents that stay."""

    near_threshold: float = Field(0.8, ge=0.5, le=1)
    """Jaccard similarity of the sets of 5-token runs, 0.5 to 1: from here on a document goes. One word changed in each 45
    gives about 0.8."""
    max_line_documents: int = Field(10, ge=1)
    """Documents of one web host: a line that stands in more of them is cut from all but the first (menus, notices). Only documents
    with a URL have a host."""
    folder_lines: Literal["keep", "cut"] = "keep"
    """`cut` does so with lines of at most 120 bytes that stand in more than `max_line_documents` documents of one folder without URLs and
    in a third of all there, headings, code and tables apart. Right for saved pages; wrong for manuals and forms, each of
    which needs the captions that all of them have."""
    paragraphs: Literal["keep", "cut"] = "keep"
    """`cut` takes paragraphs of 100 bytes and more out of every document but the first they stand in. Right for training data; wrong
    where each document must be whole to be cited, as a warning that a manual repeats in each chapter must."""
    passage_tokens: int | None = Field(None, ge=10)
    """Passages of so many tokens and more are cut wherever they stand a second time, across paragraphs too; none when not set. 50 is usual
    for training data (Lee et al. 2022); as with paragraphs, wrong where documents are cited."""
    min_left_tokens: int = Field(20, ge=1)
    """A document that has fewer tokens left after its repeated passages were cut goes as a whole."""


def _deduplicate(work: Work, config: DeduplicateConfig, *, documents: Corpus) -> Facts:
    outcome, parts = Outcome(work.scratch / "outcome"), parts_of(documents)
    if not outcome.is_done:
        duplicates = find_duplicates(work, documents, config.near_threshold)
        write_outcome(outcome.folder, duplicates, parts)
    repeats = []
    if has_hosts(parts):
        repeats.append(Repeats(LINES, config.max_line_documents, work.scratch / "lines"))
    if config.folder_lines == "cut":
        repeats.append(Repeats(FOLDER_LINES, config.max_line_documents, work.scratch / "folder-lines"))
    if config.paragraphs == "cut":
        repeats.append(Repeats(PARAGRAPHS, 1, work.scratch / "paragraphs"))
    for kind in repeats:
        find_repeats(work, parts, outcome, kind)
    passages = None
    if config.passage_tokens:
        passages = Passages(config.passage_tokens, config.min_left_tokens, work.scratch / "passages")
        find_passages(work, parts, outcome, repeats, passages)
    scissors = Scissors(repeats, passages)
    judge = partial(_judge, outcome, scissors, config.near_threshold)
    return map_parts(work, documents, judge, beside={"clusters": CLUSTERS, "pairs": PAIRS} | scissors.tables)


def _judge(outcome: Outcome, scissors: Scissors, threshold: float, batch: Batch) -> Verdict:
    start = outcome.start(batch.part) + batch.row
    positions = np.arange(start, start + batch.table.num_rows)
    stays = outcome.column("kept")[positions].astype(np.int64)
    kept = np.flatnonzero(stays == positions)
    left = trimmed(batch.table.take(pa.array(kept)), positions[kept], batch.part, outcome, scissors)
    clusters, pairs, duplicates = _account(batch.table, positions, stays, outcome, threshold)
    beside = {"clusters": clusters, "pairs": pairs} | left.beside
    return Verdict(left.table, [*duplicates, *left.rejects], left.edits, beside)


def _account(
    table: pa.Table, positions: I64, stays: I64, outcome: Outcome, threshold: float
) -> tuple[pa.Table, pa.Table, list[Reject]]:
    """The clusters and pairs of a batch, and why the documents that go do."""
    sizes = outcome.column("sizes")[stays].astype(np.int64)
    clustered, gone = np.flatnonzero(sizes > 1), np.flatnonzero(stays != positions)
    names, sources = outcome.centres(stays[clustered])
    columns = {"doc_id": table["doc_id"].take(pa.array(clustered)), "cluster": names, "size": sizes[clustered]}
    firsts = outcome.column("firsts")[positions[gone]].astype(np.int64)
    near = np.searchsorted(outcome.column("near"), firsts)
    removed = table.select(["doc_id", "source", "text"]).take(pa.array(gone)).to_pylist()
    rejects, pairs = [], []
    for at, document in enumerate(removed):
        place = int(np.searchsorted(clustered, gone[at]))
        pair = {"kept": names[place], "removed": document["doc_id"], "jaccard": 1.0, "bands": None, "text": None}
        if stays[gone[at]] != firsts[at]:
            measured = {name: outcome.column(name)[near[at]].item() for name in ("jaccard", "bands")}
            pair |= measured | {"text": document["text"]}
        pairs.append(pair)
        rejects.append(_reject(document, sources[place], pair, threshold))
    return pa.table(columns).cast(CLUSTERS), pa.Table.from_pylist(pairs, schema=PAIRS), rejects


def _reject(document: dict[str, Any], kept: str, pair: dict[str, Any], threshold: float) -> Reject:
    doc_id, source = document["doc_id"], document["source"]
    if pair["text"] is None:
        return Reject(doc_id, source, "exact duplicate", f"same text as {kept}", "no other document with this text")
    return Reject(doc_id, source, "near duplicate", f"similarity {pair['jaccard']:.3f} to {kept}", f"below {threshold}")


deduplicate = Stage(
    "deduplicate",
    version=1,
    makes=Corpus,
    body=_deduplicate,
    config=DeduplicateConfig,
    rules=(("shingles", 1), ("sketches", 1), ("repeats", 1), ("passages", 1)),
    resumable=True,
)
