"""What a user reads when a SQLite file of a project is missing, locked or damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from danlu.core.errors import Phrase, UserError


@contextmanager
def using(database: Path, next_step: Phrase) -> Iterator[None]:
    """Turn SQLite's errors inside into one UserError that names the file, with its hint."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise UserError(
            "{path} cannot be used: {problem}", "{next_step}", path=database, problem=error, next_step=next_step
        ) from None
