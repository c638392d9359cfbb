"""What a user asks of a database, apart from what reads it: SQLAlchemy is imported only where there is one."""

from dataclasses import dataclass

from danlu.core.errors import UserError


@dataclass(frozen=True)
class Wanted:
    """A table or a query, and which columns are what."""

    table: str | None = None
    query: str | None = None
    text: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    title: str | None = None

    def check(self) -> None:
        """Raises UserError unless there is a table or a query."""
        if (self.table is None) == (self.query is None):
            raise UserError("A database needs a table or a query", "Add either --table NAME or --query 'SELECT ...'.")
