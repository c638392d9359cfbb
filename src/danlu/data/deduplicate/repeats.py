"""Units that repeat from document to document: counted part by part on disk, and cut out of all documents but the first.

Each part leaves the hashes of its units, sorted, with the position of their document. The parts are merged range of hashes by
range, so that memory holds about `MERGED_AT_ONCE` units (200 MB) however large the corpus is; disk holds 16 bytes a unit.

Letters in shapes: U units, R units that repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from danlu.core.stages import Work
from danlu.data.deduplicate.outcome import Outcome
from danlu.data.deduplicate.sketches import batches
from danlu.data.deduplicate.units import Units, hosts, lines, paragraphs
from danlu.data.shards import finish
from danlu.text.offsets import Edit, apply
from danlu.text.records import Document
from danlu.text.shingles import I64, U64
from danlu.text.tables import read_groups

MERGED_AT_ONCE = 1 << 22
LINES, PARAGRAPHS = "repeated line of a site", "repeated paragraph"
"""Rules, as edits name them."""


@dataclass(frozen=True)
class Repeats:
    """Units of one kind that stand in more than `most` documents, in a folder."""

    rule: str
    most: int
    folder: Path

    def units(self, table: pa.Table) -> Units:
        """The units of a batch of documents."""
        if self.rule == LINES:
            return lines(table["text"], hosts(table["meta"]))
        return paragraphs(table["text"])

    def is_repeated(self, hashes_U: U64, positions_U: I64) -> np.ndarray:
        """Which units repeat, and stand in an earlier document (U,)."""
        known = np.load(self.folder / "hashes.npy", mmap_mode="r")
        if not len(known) or not len(hashes_U):
            return np.zeros(len(hashes_U), bool)
        places = np.minimum(np.searchsorted(known, hashes_U), len(known) - 1)
        firsts = np.load(self.folder / "firsts.npy", mmap_mode="r")
        return np.asarray((known[places] == hashes_U) & (firsts[places] != positions_U))


def has_hosts(parts: Sequence[Path]) -> bool:
    """Whether any document came from the web."""
    groups = (group for part in parts for group in read_groups(part, ["meta"]))
    return any(any(hosts(group["meta"])) for group in groups)


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path
    number: int


def find_repeats(work: Work, parts: Sequence[Path], outcome: Outcome, repeats: Repeats) -> None:
    """Fill the folder of `repeats`, from the documents that stay."""
    if repeats.folder.exists():
        return
    shards = [
        _Shard(path, repeats.folder.with_name(f"{repeats.folder.name}-{number:05}.npy"), number)
        for number, path in enumerate(parts)
    ]
    finish(work, partial(_collect, outcome, repeats), shards)
    _merge(repeats, [shard.outcome for shard in shards])


def _collect(outcome: Outcome, repeats: Repeats, shard: _Shard) -> None:
    """The units of one part's documents that stay: hash and position (2, U), sorted, each once a document."""
    position, found = outcome.start(shard.number), []
    for group in read_groups(shard.source, ["text", "meta"]):
        for batch in batches(group):
            places = np.arange(position, position + batch.num_rows)
            position += batch.num_rows
            units = repeats.units(batch)
            stays = (outcome.column("kept")[places] == places)[units.owners]
            found.append(np.array([units.hashes, places[units.owners].astype(np.uint64)])[:, stays])
    joined = np.concatenate(found, axis=1) if found else np.empty((2, 0), np.uint64)
    half = shard.outcome.with_suffix(".half.npy")
    np.save(half, np.unique(joined, axis=1))
    half.rename(shard.outcome)


def _merge(repeats: Repeats, files: Sequence[Path]) -> None:
    parts = [np.load(file, mmap_mode="r") for file in files]
    ranges = sum(part.shape[1] for part in parts) // MERGED_AT_ONCE + 1
    bounds = [(2**64 * number // ranges) for number in range(1, ranges)]
    cuts = [np.searchsorted(part[0], np.array(bounds, np.uint64)) for part in parts]
    hashes, firsts = [], []
    for number in range(ranges):
        pieces = [
            part[:, (cut[number - 1] if number else 0) : (cut[number] if number < ranges - 1 else None)]
            for part, cut in zip(parts, cuts, strict=True)
        ]
        joined = np.concatenate(pieces, axis=1) if pieces else np.empty((2, 0), np.uint64)
        values, first, counts = np.unique(joined[0], return_index=True, return_counts=True)
        # Parts are in the order of the corpus, and the first place of a value is in the first of them: the smallest position.
        repeated = counts > repeats.most
        hashes.append(values[repeated])
        firsts.append(joined[1][first[repeated]].astype(np.int64))
    half = repeats.folder.with_name(f"{repeats.folder.name}.half")
    half.mkdir(exist_ok=True)
    np.save(half / "hashes.npy", np.concatenate(hashes))
    np.save(half / "firsts.npy", np.concatenate(firsts))
    half.rename(repeats.folder)


def without_repeats(
    table: pa.Table, positions: I64, repeats: Sequence[Repeats]
) -> dict[int, tuple[Document, dict[str, int]]]:
    """The rows of a batch that change: the document without its repeated units, and how many went by rule."""
    cuts: dict[int, list[tuple[int, int, str]]] = {}
    for kind in repeats:
        units = kind.units(table)
        chosen = units.of(kind.is_repeated(units.hashes, positions[units.owners]))
        for owner, start, end in zip(chosen.owners.tolist(), chosen.starts.tolist(), chosen.ends.tolist(), strict=True):
            cuts.setdefault(owner, []).append((start, end, kind.rule))
    return {row: _cut(Document.of(table.slice(row, 1).to_pylist()[0]), spans) for row, spans in cuts.items()}


def _cut(document: Document, spans: list[tuple[int, int, str]]) -> tuple[Document, dict[str, int]]:
    """The document without these stretches of its UTF-8 bytes; one inside another counts with the longer."""
    encoded = document.text.encode("utf-8", "surrogatepass")
    edits: list[Edit] = []
    counts: dict[str, int] = {}
    byte = character = after = 0
    for start, end, rule in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start < after:
            continue
        character += len(encoded[byte:start].decode("utf-8", "surrogatepass"))
        length = len(encoded[start:end].decode("utf-8", "surrogatepass"))
        past = end
        while past < len(encoded) and encoded[past] == 10:
            past += 1
        edits.append(Edit(character, character + length + past - end, "", rule))
        counts[rule] = counts.get(rule, 0) + 1
        character, byte, after = character + length + past - end, past, past
    text, offsets = apply(document.text, edits)
    whole = offsets.after(document.offset_map())
    blocks = tuple(
        replace(block, start=start, end=end)
        for block in document.blocks
        for start, end in [(offsets.from_source(block.start), offsets.from_source(block.end))]
        if end > start
    )
    return replace(document, text=text, blocks=blocks, offsets=tuple(vars(piece) for piece in whole.pieces)), counts
