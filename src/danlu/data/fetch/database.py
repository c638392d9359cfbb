"""A database, opened for reading only, and what it says told without its secrets.

Passwords come with the URL or from the driver's own variables (PGPASSWORD); they are never stored or printed.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from danlu.core.errors import UserError, WorkFailed

_DRIVERS = {"postgresql": "psycopg", "postgres": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
"""The driver that is meant where a URL names none: pure to install, and each with a cursor that stays on the server."""
_SECRET = re.compile(r"pass|secret|token|key", re.IGNORECASE)


def database_url(address: str) -> URL:
    """A database's URL, with a driver; raises UserError when it is none."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise UserError(
            "sql: is followed by no database URL",
            "For example sql:sqlite:///handbook.db or sql:postgresql://reader@db.example.org/handbook",
        ) from None
    name = "postgresql" if url.drivername == "postgres" else url.drivername
    return url.set(drivername=f"{name}+{_DRIVERS[name]}" if name in _DRIVERS else name)


def masked(url: URL) -> str:
    """A URL without its secrets: what may be stored and printed."""
    hidden = {name: "***" if _SECRET.search(name) else value for name, value in url.query.items()}
    return url.set(query=hidden).render_as_string(hide_password=True)


def told(error: BaseException, url: URL) -> str:
    """What a driver says of a failure, without the password."""
    said = str(getattr(error, "orig", None) or error).strip()
    secrets = [str(url.password or ""), *(str(value) for name, value in url.query.items() if _SECRET.search(name))]
    for secret in filter(None, secrets):
        said = said.replace(secret, "***")
    return said[:500]


def open_database(url: URL) -> Engine:
    """An engine whose transactions read only; raises UserError when the driver is missing, or an SQLite file is."""
    try:
        if url.get_backend_name() == "sqlite":
            return _open_sqlite(url)
        options = {"isolation_level": "REPEATABLE READ"} if url.get_backend_name() in _DRIVERS else {}
        engine = create_engine(url, poolclass=NullPool, **options)
    except (NoSuchModuleError, ImportError):
        raise UserError(
            "The driver for {kind} is not installed",
            "Install the driver, such as psycopg[binary] or pymysql, or name another one: postgresql+DRIVER://...",
            kind=url.drivername,
        ) from None
    if url.get_backend_name() == "postgresql":
        return engine.execution_options(postgresql_readonly=True)
    if url.get_backend_name() in ("mysql", "mariadb"):
        event.listen(engine, "connect", _mysql_reads_only)
    return engine


def _open_sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    if not path.is_file():
        raise UserError("No such database file: {path}", "Write sql:sqlite:///FILE.", path=path)
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)


def _mysql_reads_only(connection: Any, _: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


@contextmanager
def reading(engine: Engine, url: URL) -> Iterator[Connection]:
    """A connection for the questions before the rows; every trouble of the database is told without its secrets."""
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        if error.connection_invalidated or error.statement is None:
            raise WorkFailed(
                "{database} cannot be reached: {problem}", "Check host, port, name and password; then run again.",
                database=masked(url), problem=told(error, url),
            ) from None  # fmt: skip
        raise UserError(
            "{database} refuses: {problem}",
            "Correct --table or --query.",
            database=masked(url),
            problem=told(error, url),
        ) from None
    except SQLAlchemyError as error:
        raise WorkFailed(
            "{database} cannot be read: {problem}", database=masked(url), problem=told(error, url)
        ) from None
