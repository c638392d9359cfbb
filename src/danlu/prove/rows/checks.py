"""Whether every training row is a conversation, or plain text, that a trainer can read."""

from danlu.core.errors import Phrase, UserError
from danlu.prove.finding import Check, Finding, Verdict, in_words
from danlu.text.rows.dump_files import Unsupported
from danlu.text.rows.rows import RejectedRow, Rows
from danlu.text.rows.shapes import HOLDS_MEDIA

_SHOWN_ROWS = 8

ROWS = Check(
    "data.rows",
    Phrase("every training row fits a known shape"),
    Phrase("a trainer stops at such a row, leaves it out without a word, or learns from it what nobody meant"),
    Phrase("correct or remove the rows named here; each says what it lacks"),
)


def check_rows(rows: Rows) -> Finding:
    """Fails when rows cannot be learnt from; rows that only hold images or the like are not checkable instead."""
    whole, undesired = len(rows.conversations), rows.undesired
    every = whole + len(rows.rejected) + undesired
    measured = {"rows": every, "conversations": whole, "rejected": len(rows.rejected), "undesired": undesired}
    shapes = ", ".join(f"{name} {count}" for name, count in rows.shapes.items())
    counts = [Phrase("by shape: {shapes}", shapes=shapes)] if shapes else []
    if undesired:
        counts.append(Phrase("{count} rows have label false: their replies are to be avoided, and do not count as learnt", count=undesired))  # fmt: skip
    broken = [row for row in rows.rejected if row.reason.template != HOLDS_MEDIA]
    if broken:
        return ROWS.failed(
            Phrase(
                "{count} of {rows} rows fit no known shape, or hold nothing to learn",
                count=len(broken),
                rows=measured["rows"],
            ),
            [*counts, *_shown(broken)],
            measured,
        )
    if rows.rejected:
        return ROWS.not_checkable(
            Phrase("{count} of {rows} rows hold more than text", count=len(rows.rejected), rows=measured["rows"]),
            Phrase("rows of text alone: images, sound and video are not rendered here"),
            [*counts, *_shown(rows.rejected)],
        )
    return ROWS.passed(Phrase("all {rows} rows fit a known shape", rows=measured["rows"]), counts, measured)


def unreadable(error: UserError) -> Finding:
    """The finding on rows, or on a dump, that cannot be read: damaged ones fail, those of an unknown kind are not judged."""
    said, next_step = in_words(error, Phrase("input that can be read"))
    if isinstance(error, Unsupported):
        return ROWS.blocked(said, next_step)
    return ROWS.failed(said, [next_step] if error.hint_template else ())


def with_dump(finding: Finding, error: UserError) -> Finding:
    """The finding on rows whose dump cannot be read: a damaged one fails here, one of an unknown kind blocks its own checks."""
    told = unreadable(error)
    if told.verdict is not Verdict.FAIL:
        return finding
    own = [finding.said, *finding.evidence] if finding.is_unproven else []
    return ROWS.failed(told.said, [*told.evidence, *own], finding.measured)


def _shown(rejected: "list[RejectedRow] | tuple[RejectedRow, ...]") -> list[Phrase]:
    """The first rejected rows, and how many more there are."""
    shown = [Phrase("row {row}: {reason}", row=row.row, reason=row.reason) for row in rejected[:_SHOWN_ROWS]]
    rest = len(rejected) - len(shown)
    return [*shown, Phrase("and {count} more", count=rest)] if rest else shown
