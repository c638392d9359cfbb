"""How list and records stand to each other: the list says what is hidden, the records what was carried out.

An order that was cut off, or that waits for a run, is on the list and has no record. It is finished before anything else is recorded:
its number is taken, and a record of another order under that number would say of it that it was carried out.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forgotten_record import Record
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten, ForgottenDocument

LOCK = "forgotten.lock"


@dataclass(frozen=True)
class Standing:
    """List and records, read together."""

    listed: Forgotten
    records: tuple[Record, ...]

    @property
    def next_number(self) -> int:
        """The number of the next record."""
        return max((record.number for record in self.records), default=0) + 1

    @property
    def pending(self) -> tuple[ForgottenDocument, ...]:
        """Entries of orders that have no record yet."""
        orders = {record.number for record in self.records if record.action == "forget"}
        return tuple(entry for entry in self.listed.documents if entry.record not in orders)

    @property
    def ordered(self) -> Forgotten:
        """The list without orders that were lifted: a lift that was cut off leaves them on it."""
        return self.listed.without({record.about for record in self.records if record.action == "lifted"})


@contextmanager
def ordering(state: Path) -> Iterator[None]:
    """Hold the lock of list and records: as long as it takes to find a document and its copies in what is extracted, never as long as a run.

    So a document is hidden while a run holds the project's writer lock for hours.
    """
    with (state / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def standing(state: Path) -> Standing:
    """Read them; raises UserError when one is damaged, and when the list names an order whose record is gone."""
    found = Standing(Forgotten.of(state), tuple(forgotten_record.records(state)))
    numbers = {entry.record for entry in found.pending}
    if lost := numbers - {found.next_number + place for place in range(len(numbers))}:
        raise UserError(
            "The list of forgotten documents names the order {number}, and its record is gone",
            "Put the file back from a copy. `danlu forget --verify` shows what is missing.",
            number=min(lost),
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
