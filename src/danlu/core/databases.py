"""What a user reads when a SQLite file of a project is missing, locked or damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from danlu.core.errors import Phrase, UserError


@contextmanager
def using(database: Path, next_step: Phrase) -> Iterator[None]:
    """Turn SQLite's errors inside into one UserError that names the file; `next_step` is for one that is damaged or gone."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            next_step = Phrase("Another program is writing to it: try again.")
        raise UserError(
            "{path} cannot be used: {problem}", "{next_step}", path=database, problem=error, next_step=next_step
        ) from None
