"""Contamination: evaluation items inside the training rows, by how much of them is there.

An item counts under one check alone, the first of exact, near, ngram and answer that holds, so the four rates add up.
`measured["pairs"]` lists every item that was found, each with the training row that holds most of it, as `item:row`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import Phrase
from danlu.core.progress import Progress
from danlu.prove.contamination.search import Overlaps, find_overlaps, texts_of_rows, without_text_line
from danlu.prove.finding import Check, Finding, Verdict
from danlu.text.contamination.items import Item, Items, digest, read_items
from danlu.text.contamination.overlap import Kind, Match
from danlu.text.contamination.overlap_index import ANSWER, CONTEXT
from danlu.text.contamination.side_by_side import marked
from danlu.text.statistics import wilson_interval
from danlu.text.waivers import Waivers

_SHOWN_PAIRS = 2
_REMOVE = Phrase("remove these rows from the training data, train again, and say so beside any score already published")
EXACT = Check(
    "contamination.exact",
    Phrase("no evaluation item is in the training rows word for word"),
    Phrase("the score shows what was memorised, and falls on questions that are new"),
    _REMOVE,
    ("lm-evaluation-harness #1056",),
)
NEAR = Check(
    "contamination.near",
    Phrase("no evaluation item is in the training rows with small edits"),
    Phrase("filters that look for equal text pass these rows, and the score is as wrong as with copies"),
    _REMOVE,
    ("marin #6852",),
)
NGRAM = Check(
    "contamination.ngram",
    Phrase("no large part of an evaluation item, or of its passage, is in the training rows"),
    Phrase("the model knows part of the question, or the passage it is asked about, before it is asked"),
    Phrase("remove these rows, or report the score with and without these items"),
    ("lm-evaluation-harness #1056", "marin #6852"),
)
ANSWERS = Check(
    "contamination.answer",
    Phrase("no long answer of an evaluation item is in the training rows without its question"),
    Phrase("the model can recite the answer, and the score takes that for reasoning"),
    _REMOVE,
)
CHECKS = (EXACT, NGRAM, NEAR, ANSWERS)
_KINDS = {EXACT.name: Kind.EXACT, NEAR.name: Kind.NEAR, NGRAM.name: Kind.PART, ANSWERS.name: Kind.ANSWER}


@dataclass(frozen=True)
class _Found:
    """What one check found, waived items apart."""

    check: Check
    matches: tuple[Match, ...]
    waived: tuple[Match, ...]
    total: int
    """Items that are long enough for this check."""
    notes: tuple[Phrase, ...]
    """Unused waivers of this check."""


def check_contamination(train: Path, evaluation: Path, waivers: Waivers, *, progress: Progress) -> Iterator[Finding]:
    """One finding for each check. Raises UserError when a file cannot be read."""
    items = read_items(evaluation)
    overlaps = find_overlaps(train, items.items, progress)
    all_found = [_found(check, items.items, overlaps, waivers) for check in CHECKS]
    shown = {match.row for found in all_found for match in _worst(found)}
    texts = texts_of_rows(train, shown)
    for found in all_found:
        yield _finding(found, items, overlaps, texts)


def _found(check: Check, items: tuple[Item, ...], overlaps: Overlaps, waivers: Waivers) -> _Found:
    kind = _KINDS[check.name]
    matches = sorted((match for match in overlaps.best.values() if match.kind is kind), key=lambda match: match.order)
    entries = waivers.of_items(check.name)
    waived: list[Match] = []
    used = set()
    for match in matches if entries else ():
        item = items[match.item]
        covering = [entry for entry in entries if entry.covers(check.name, item.row, digest(item))]
        used |= {entry.place for entry in covering}
        waived += [match] if covering else []
    notes = tuple(
        Phrase("waiver {place} waives nothing here: remove it", place=entry.place)
        for entry in entries
        if entry.place not in used
    )
    left = tuple(match for match in matches if match not in waived)
    return _Found(check, left, tuple(waived), overlaps.measurable[kind], notes)


def _worst(found: _Found) -> tuple[Match, ...]:
    return (found.matches or found.waived)[:_SHOWN_PAIRS]


def _finding(found: _Found, items: Items, overlaps: Overlaps, texts: Mapping[int, str]) -> Finding:
    check, matches = found.check, found.matches
    if not found.total:
        return check.not_applicable(Phrase("no evaluation item has a text long enough for this check"))
    evidence = [line for match in _worst(found) for line in _pair(match, items.items, texts)]
    evidence += [*_waived_line(found, items.items), *found.notes, *_left_out(items, overlaps, found)]
    measured = _measured(found, items, overlaps)
    if not matches and not found.waived:
        return check.passed(_passed(found, items), evidence, measured)
    low, high = wilson_interval(len(matches), found.total)
    if not matches:
        said = Phrase("all {count} items that were found are waived", count=len(found.waived))
        return Finding(check, Verdict.WAIVED, said, tuple(evidence), measured=measured)
    facts = {"found": len(matches), "total": found.total, "rate": len(matches) / found.total, "low": low, "high": high}
    return check.failed(_failed(check, facts), evidence, measured)


def _failed(check: Check, facts: Mapping[str, float]) -> Phrase:
    if check is EXACT:
        what = Phrase("word for word in the training rows")
    elif check is NEAR:
        what = Phrase("in the training rows with small edits")
    elif check is NGRAM:
        what = Phrase("in the training rows in large part")
    else:
        what = Phrase("in the training rows with their answer alone")
    return Phrase(
        "{found} of {total} evaluation items are {what}: {rate:.2%} (95 % interval {low:.2%} to {high:.2%})",
        what=what,
        found=facts["found"],
        total=facts["total"],
        rate=facts["rate"],
        low=facts["low"],
        high=facts["high"],
    )


def _passed(found: _Found, items: Items) -> Phrase:
    _, high = wilson_interval(0, found.total)
    said = Phrase("none of {total} evaluation items (at most {high:.2%} with 95 % confidence)", total=found.total, high=high)  # fmt: skip
    left_out = len(items.items) - found.total + len(items.rejected)
    return Phrase("{said}; {count} more could not be looked for", said=said, count=left_out) if left_out else said


def _pair(match: Match, items: tuple[Item, ...], texts: Mapping[int, str]) -> Iterator[Phrase]:
    item = items[match.item]
    part = {ANSWER: item.answer, CONTEXT: item.context}.get(match.text, f"{item.question}\n{item.choices}")
    own, other = marked(part, texts[match.row])
    yield Phrase(
        "item {item} (sha256 {digest}) and training row {row}: {share:.0%} of its words",
        item=item.row,
        digest=digest(item)[:16],
        row=match.row,
        share=match.share,
    )
    yield Phrase("  item: {text}", text=own)
    yield Phrase("  row:  {text}", text=other)


def _waived_line(found: _Found, items: tuple[Item, ...]) -> Iterator[Phrase]:
    if found.waived:
        rows = sorted(items[match.item].row for match in found.waived)
        more = ", …" if len(rows) > 10 else ""
        yield Phrase("waived: {count} items, rows {rows}", count=len(rows), rows=", ".join(map(str, rows[:10])) + more)


def _left_out(items: Items, overlaps: Overlaps, found: _Found) -> Iterator[Phrase]:
    if short := len(items.items) - found.total:
        yield Phrase("{count} evaluation items are too short to be told from chance", count=short)
    if items.rejected:
        first = items.rejected[0]
        yield Phrase(
            "{count} rows of the evaluation file are no items; row {row} {reason}",
            count=len(items.rejected),
            row=first.row,
            reason=first.reason,
        )
    if overlaps.without_text:
        yield without_text_line(overlaps)


def _measured(found: _Found, items: Items, overlaps: Overlaps) -> dict[str, float | int | str | bool | None]:
    low, high = wilson_interval(len(found.matches), found.total)
    return {
        "items": len(items.items),
        "items_looked_for": found.total,
        "rows_no_items": len(items.rejected),
        "training_rows": overlaps.rows,
        "training_rows_without_text": len(overlaps.without_text),
        "found": len(found.matches),
        "rate": len(found.matches) / found.total,
        "rate_low": low,
        "rate_high": high,
        "pairs": _listed(found.matches, items.items),
        "waived": len(found.waived),
        "waived_pairs": _listed(found.waived, items.items),
        "shapes": ", ".join(f"{shape} {count}" for shape, count in items.shapes.items()),
    }


def _listed(matches: tuple[Match, ...], items: tuple[Item, ...]) -> str:
    return " ".join(f"{items[match.item].row}:{match.row}" for match in matches)
