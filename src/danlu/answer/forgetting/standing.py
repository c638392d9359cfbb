"""How list and records stand to each other: the list says what is hidden, the records what was carried out.

An order that was cut off is on the list and has no record. It is finished before anything else is recorded: its number is taken, and
a record of another order under that number would say of it that it was carried out.
"""

from dataclasses import dataclass
from pathlib import Path

from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forgotten_record import Record
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten, ForgottenDocument


@dataclass(frozen=True)
class Standing:
    """List and records, read together."""

    listed: Forgotten
    records: tuple[Record, ...]

    @property
    def pending(self) -> tuple[ForgottenDocument, ...]:
        """Entries of an order that was cut off before its record."""
        orders = {record.number for record in self.records if record.action == "forget"}
        return tuple(entry for entry in self.listed.documents if entry.record not in orders)

    @property
    def ordered(self) -> Forgotten:
        """The list without orders that were lifted: a lift that was cut off leaves them on it."""
        return self.listed.without({record.about for record in self.records if record.action == "lifted"})

    def record_of(self, source: str) -> Record | None:
        """The record of the order that covers the document of this name; None where there is none."""
        entry = self.ordered.find(source)
        return next(
            (one for one in self.records if entry and one.number == entry.record and one.action == "forget"), None
        )


def standing(state: Path) -> Standing:
    """Read them; raises UserError when one is damaged, and when the list names an order whose record is gone."""
    found = Standing(Forgotten.of(state), tuple(forgotten_record.records(state)))
    numbers = {entry.record for entry in found.pending} - {forgotten_record.next_number(state)}
    if numbers:
        raise UserError(
            "The list of forgotten documents names the order {number}, and its record is gone",
            "Put the file back from a copy. `danlu forget --verify` shows what is missing.",
            number=min(numbers),
        )
    return found


def finished(state: Path) -> Standing:
    """The same; raises UserError for an order that was cut off."""
    found = standing(state)
    if found.pending:
        raise UserError(
            "The order to forget {name} was cut off",
            "`danlu forget {name}` finishes it.",
            name=found.pending[0].source,
        )
    return found
