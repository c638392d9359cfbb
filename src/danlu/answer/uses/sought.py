"""What artifacts are searched for: documents by their names and ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from danlu.core.forgotten import ForgottenDocument, names_around


@dataclass(frozen=True)
class Sought:
    """What artifacts are searched for: one document, or several at once."""

    names: frozenset[str]
    doc_ids: frozenset[str]

    def covers(self, source: str) -> bool:
        """Whether a name is one of these, or of a document in one of them."""
        return any(name in self.names for name in names_around(source))

    def is_in(self, row: dict[str, Any]) -> bool:
        """Whether a row of a table is about one of them."""
        return row.get("doc_id") in self.doc_ids or self.covers(row.get("source") or "")


def any_of(each: Iterable[Sought]) -> Sought:
    """Any of some documents."""
    every = list(each)
    return Sought(
        frozenset(name for sought in every for name in sought.names),
        frozenset(id for sought in every for id in sought.doc_ids),
    )


def sought_by(entry: ForgottenDocument) -> Sought:
    """A document that was forgotten earlier, as far as the list still knows it."""
    return Sought(frozenset((entry.source,)), frozenset(entry.doc_ids))
