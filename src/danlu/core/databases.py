"""What a user reads when a SQLite file of a project is missing, locked or damaged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from danlu.core.errors import UserError


@contextmanager
def using(database: Path, hint: str) -> Iterator[None]:
    """Turn SQLite's errors inside into one UserError that names the file, with `hint` as the next step."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise UserError("{path} cannot be used: {problem}", hint, path=database, problem=error) from None
