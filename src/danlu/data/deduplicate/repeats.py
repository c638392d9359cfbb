"""Units that repeat from document to document: counted part by part on disk, and cut out of all documents but the first.

Each part leaves the hashes of its units, sorted, with the position of their document. The parts are merged range of hashes by
range, so that memory holds a few million units (200 MB) however large the corpus is; disk holds 16 bytes a unit.

A line of a web host repeats where it stands in more documents than a bound. Files say less of what belongs together: a line of a folder
must be short, stand in a third of its documents as well, and be neither heading, code nor table.

Letters in shapes: D documents, U units, R units that repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.data.deduplicate.outcome import Outcome
from danlu.data.deduplicate.ranges import hash_ranges
from danlu.data.deduplicate.sketches import batches
from danlu.data.deduplicate.units import Units, folders, hosts, lines, paragraphs, short_lines
from danlu.text.offsets import Edit
from danlu.text.shingles import I64
from danlu.text.tables import read_groups

LINES, FOLDER_LINES, PARAGRAPHS = "repeated line of a site", "repeated line of a folder", "repeated paragraph"
"""Rules, as edits name them."""
LINES_TABLE = pa.schema(
    [("line", pa.large_string()), ("of", pa.string()), ("documents", pa.int64()), ("kept", pa.string())]
)
"""Lines that were cut: the site or folder, in how many of its documents each stood, and which of them keeps it."""
LEAST_OF_A_FOLDER = 1 / 3
"""Share of a folder's documents that a line must stand in: a folder in two languages has two footers."""
_STRUCTURE = ("heading", "code", "table")
"""Kinds of blocks whose lines repeat because the documents are of one form."""


@dataclass(frozen=True)
class Repeats:
    """Units of one kind that stand in more than `most` documents, in a folder."""

    rule: str
    most: int
    folder: Path

    def units(self, table: pa.Table) -> Units:
        """The units of a batch of documents."""
        if self.rule == PARAGRAPHS:
            return paragraphs(table["text"])
        if self.rule == LINES:
            return lines(table["text"], hosts(table["meta"]))
        return short_lines(table["text"], folders(table))

    def column(self, name: str) -> np.ndarray:
        """Of the units that repeat, by ascending hash (R,): `hashes`, the position of the `firsts` document, in how many `counts`."""
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r"))

    def known(self, units: Units, positions: I64) -> tuple[np.ndarray, np.ndarray]:
        """Which units repeat (U,), and which of these stand in an earlier document (U,)."""
        known = self.column("hashes")
        if not len(known) or not len(units.hashes):
            return np.zeros(len(units.hashes), bool), np.zeros(len(units.hashes), bool)
        places = np.minimum(np.searchsorted(known, units.hashes), len(known) - 1)
        repeats = known[places] == units.hashes
        return repeats, repeats & (self.column("firsts")[places] != positions[units.owners])


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
    sizes_D = _folder_sizes(parts, outcome) if repeats.rule == FOLDER_LINES else None
    _merge(repeats, [shard.outcome for shard in shards], sizes_D)


def _collect(outcome: Outcome, repeats: Repeats, shard: _Shard) -> None:
    """The units of one part's documents that stay: hash and position (2, U), sorted, each once a document."""
    position, found = outcome.start(shard.number), []
    for group in read_groups(shard.source, ["text", "meta", "source"]):
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


def _folder_sizes(parts: Sequence[Path], outcome: Outcome) -> I64:
    """How many documents that stay are in the folder of each document (D,); 12 bytes a document."""
    names: dict[str, int] = {}
    numbers = [
        np.array([names.setdefault(folder, len(names)) for folder in folders(group)], np.int32)
        for part in parts
        for group in read_groups(part, ["meta", "source"])
    ]
    joined = np.concatenate([np.empty(0, np.int32), *numbers])
    sizes_D: I64 = np.bincount(joined[outcome.stays(0, len(joined))], minlength=len(names))[joined]
    return sizes_D


def _merge(repeats: Repeats, files: Sequence[Path], sizes_D: I64 | None) -> None:
    parts = [np.load(file, mmap_mode="r") for file in files]
    hashes, firsts, found = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for slices in hash_ranges([part[0] for part in parts]):
        pieces = [part[:, cut] for part, cut in zip(parts, slices, strict=True)]
        joined = np.concatenate(pieces, axis=1) if pieces else np.empty((2, 0), np.uint64)
        values, first, counts = np.unique(joined[0], return_index=True, return_counts=True)
        # Parts are in the order of the corpus, and the first place of a value is in the first of them: the smallest position.
        position = joined[1][first].astype(np.int64)
        repeated = counts > repeats.most
        if sizes_D is not None:
            repeated &= counts >= LEAST_OF_A_FOLDER * sizes_D[position]
        hashes.append(values[repeated])
        firsts.append(position[repeated])
        found.append(counts[repeated])
    half = repeats.folder.with_name(f"{repeats.folder.name}.half")
    half.mkdir(exist_ok=True)
    np.save(half / "hashes.npy", np.concatenate(hashes))
    np.save(half / "firsts.npy", np.concatenate(firsts))
    np.save(half / "counts.npy", np.concatenate(found))
    half.rename(repeats.folder)


def repeated_units(table: pa.Table, positions: I64, repeats: Sequence[Repeats]) -> dict[int, list[Edit]]:
    """What to cut out of the rows of a batch, in order; a unit inside another goes with the longer."""
    spans: dict[int, list[tuple[int, int, str]]] = {}
    for kind in repeats:
        units = kind.units(table)
        chosen = units.of(kind.known(units, positions)[1])
        for owner, start, end in zip(chosen.owners.tolist(), chosen.starts.tolist(), chosen.ends.tolist(), strict=True):
            spans.setdefault(owner, []).append((start, end, kind.rule))
    found = {row: _edits(table["text"][row].as_py(), of_row) for row, of_row in spans.items()}
    structure = {row: _structure(table["blocks"][row].as_py()) for row in found}
    kept = {row: [edit for edit in edits if not _is_in(edit, structure[row])] for row, edits in found.items()}
    return {row: edits for row, edits in kept.items() if edits}


def _structure(blocks: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(block["start"], block["end"]) for block in blocks if block["kind"] in _STRUCTURE]


def _is_in(edit: Edit, structure: list[tuple[int, int]]) -> bool:
    """Whether an edit takes a line of a folder that is there because the documents are of one form."""
    return edit.rule == FOLDER_LINES and any(start < edit.end and edit.start < end for start, end in structure)


def _edits(text: str, spans: list[tuple[int, int, str]]) -> list[Edit]:
    """Edits that take these stretches of a text's UTF-8 bytes, with the line breaks after them."""
    encoded = text.encode("utf-8", "surrogatepass")
    edits: list[Edit] = []
    byte = character = 0
    for start, end, rule in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start < byte:
            continue
        while end < len(encoded) and encoded[end] == 10:
            end += 1
        character += len(encoded[byte:start].decode("utf-8", "surrogatepass"))
        length = len(encoded[start:end].decode("utf-8", "surrogatepass"))
        edits.append(Edit(character, character + length, "", rule))
        character, byte = character + length, end
    return edits


def first_lines(table: pa.Table, positions: I64, repeats: Repeats) -> list[dict[str, Any]]:
    """Rows of LINES_TABLE: the lines that are cut elsewhere, from the batch that has the first document of each."""
    units = repeats.units(table)
    known, later = repeats.known(units, positions)
    firsts = units.of(known & ~later)
    if not len(firsts.hashes):
        return []
    groups = hosts(table["meta"]) if repeats.rule == LINES else folders(table)
    counts = repeats.column("counts")[np.searchsorted(repeats.column("hashes"), firsts.hashes)]
    rows = {}
    for owner, start, end, value, count in zip(*(column.tolist() for column in firsts), counts.tolist(), strict=True):
        text, blocks = table["text"][owner].as_py(), table["blocks"][owner].as_py()
        [edit] = _edits(text, [(start, end, repeats.rule)])
        if not _is_in(edit, _structure(blocks)):
            line = " ".join(text[edit.start : edit.end].split())
            rows[owner, value] = {
                "line": line,
                "of": groups[owner],
                "documents": count,
                "kept": table["doc_id"][owner].as_py(),
            }
    return list(rows.values())
