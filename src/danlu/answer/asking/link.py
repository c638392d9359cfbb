"""One step of the way back from an answer, or of a document's way through a project, and what became of it."""

from dataclasses import dataclass
from typing import Any

INTACT, CHANGED, MISSING, FORGOTTEN, PURGED = "verified", "changed", "missing", "forgotten", "deleted"
BROKEN = (CHANGED, MISSING)
"""What else than danlu took away or altered."""
OVERTAKEN = "overtaken"
"""Of an answer that is another one now, since the index that gave it has changed by refreshes, orders to forget or lines of access."""

DEGRADED = "not compared"
"""Of an answer whose search found less than there was: by words alone, since the vectors' server was down, or by an approximate search,
which may miss some passages for speed. That today's answer is another one says nothing then; its citations are verified each by itself."""


@dataclass(frozen=True)
class Link:
    """One step."""

    what: str
    id: str
    status: str
    facts: dict[str, Any]

    def public(self) -> dict[str, Any]:
        """The link as `danlu why --json` prints it."""
        return {"what": self.what, "id": self.id, "status": self.status, **self.facts}
