"""What is cut out of the documents that stay: lines, paragraphs and passages that stand in other documents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from danlu.data.deduplicate.outcome import Outcome
from danlu.data.deduplicate.passage_cuts import PASSAGES, Cuts, PartCuts
from danlu.data.deduplicate.passage_edits import passage_edits
from danlu.data.deduplicate.passages import Passages
from danlu.data.deduplicate.repeats import LINES_TABLE, PARAGRAPHS, Repeats, first_lines, repeated_units
from danlu.text.offsets import Edit
from danlu.text.records import DOCUMENTS, Document, Reject
from danlu.text.rewrite import counted, edited
from danlu.text.shingles import I64


@dataclass(frozen=True)
class Scissors:
    """What to cut."""

    repeats: Sequence[Repeats]
    passages: Passages | None

    @cached_property
    def cuts(self) -> Cuts:
        """Which passages go; only where passages are cut."""
        assert self.passages
        return Cuts(self.passages)

    @property
    def tables(self) -> dict[str, pa.Schema]:
        """The tables that say what was cut."""
        named = {"lines": LINES_TABLE} if any(kind.rule != PARAGRAPHS for kind in self.repeats) else {}
        return named | ({"passages": PASSAGES} if self.passages else {})


@dataclass(frozen=True)
class Trimmed:
    """Documents after the cuts."""

    table: pa.Table
    rejects: list[Reject]
    edits: list[tuple[str, str, int]]
    beside: dict[str, pa.Table]


def trimmed(table: pa.Table, positions: I64, part: int, outcome: Outcome, scissors: Scissors) -> Trimmed:
    """The documents of a batch that stay, without what repeats. One that has too little else goes, unless others went for it."""
    edits, beside = repeated_units(table, positions, scissors.repeats), {}
    if "lines" in scissors.tables:
        kinds = [kind for kind in scissors.repeats if kind.rule != PARAGRAPHS]
        rows = [row for kind in kinds for row in first_lines(table, positions, kind)]
        beside["lines"] = pa.Table.from_pylist(rows, schema=LINES_TABLE)
    rejects = dict[int, Reject]()
    if scissors.passages:
        cuts = scissors.cuts.part(part)
        rejects = _too_little_left(table, cuts.gone(positions), scissors.passages)
        beside["passages"] = _cut_passages(table, positions, cuts, edits)
    return _applied(table, positions, outcome, edits, rejects, beside)


def _too_little_left(table: pa.Table, gone: dict[int, tuple[int, int]], passages: Passages) -> dict[int, Reject]:
    return {
        row: Reject(
            table["doc_id"][row].as_py(),
            table["source"][row].as_py(),
            "little beside repeated passages",
            f"{left} of {tokens} tokens are its own",
            f"at least {passages.least_left}",
        )
        for row, (left, tokens) in gone.items()
    }


def _cut_passages(table: pa.Table, positions: I64, cuts: PartCuts, edits: dict[int, list[Edit]]) -> pa.Table:
    """Add the cuts of passages to `edits`, and say in a table where each passage stands."""
    rows = []
    for row, found in cuts.found(positions):
        text = table["text"][row].as_py()
        rows += [passage | {"text": text[passage["start"] : passage["end"]]} for passage in found.rows]
        edits[row] = _in_order([*edits.get(row, ()), *passage_edits(text, found.cuts)])
    return pa.Table.from_pylist(rows, schema=PASSAGES)


def _in_order(edits: list[Edit]) -> list[Edit]:
    """Edits of several rules: line breaks and blanks that two of them take go with the first."""
    ordered: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: edit.start):
        after = ordered[-1].end if ordered else 0
        if edit.end > after:
            ordered.append(Edit(max(edit.start, after), edit.end, edit.replacement, edit.rule))
    return ordered


def _applied(
    table: pa.Table,
    positions: I64,
    outcome: Outcome,
    edits: dict[int, list[Edit]],
    rejects: dict[int, Reject],
    beside: dict[str, pa.Table],
) -> Trimmed:
    counts, changed = [], []
    for row in sorted(edits.keys() - rejects.keys()):
        before = Document.of(table.slice(row, 1).to_pylist()[0])
        document = edited(before, _to_the_end(before.text, edits[row]))
        if document.text.strip():
            changed.append((row, document))
            counts += counted(document.doc_id, edits[row])
        elif outcome.column("sizes")[positions[row]] == 1:
            rejects[row] = Reject(
                before.doc_id,
                before.source,
                "only repeated text",
                "all of it stands in earlier documents",
                "some text of its own",
            )
    kept = np.ones(table.num_rows, bool)
    kept[list(rejects)] = False
    table = _replaced(table, changed) if changed else table
    return Trimmed(table.filter(pa.array(kept)), [rejects[row] for row in sorted(rejects)], counts, beside)


def _to_the_end(text: str, edits: list[Edit]) -> list[Edit]:
    """The edits, so that where the last of them take the end of a text, they take the line breaks before them too."""
    first = len(edits) - 1
    if edits[first].end < len(text.rstrip()):
        return edits
    while first and edits[first - 1].end == edits[first].start:
        first -= 1
    after = edits[first - 1].end if first else 0
    start = max(after, len(text[: edits[first].start].rstrip()))
    return [*edits[:first], replace(edits[first], start=start), *edits[first + 1 :]]


def _replaced(table: pa.Table, rows: Sequence[tuple[int, Document]]) -> pa.Table:
    """The table with some of its rows changed, in the same order."""
    fresh = pa.Table.from_pylist([document.row() for _, document in rows], schema=DOCUMENTS)
    order = np.arange(table.num_rows)
    order[[row for row, _ in rows]] = table.num_rows + np.arange(len(rows))
    return pa.concat_tables([table.cast(DOCUMENTS), fresh]).take(pa.array(order))
