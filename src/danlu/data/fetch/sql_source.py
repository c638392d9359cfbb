"""What of a database is read: which table or query, which columns, by which key."""

import difflib
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, column, func, inspect, or_, select, text
from sqlalchemy.sql import FromClause

from danlu.core.errors import UserError
from danlu.data.fetch.sql_wanted import Wanted

_TEXT_NAMES = ("text", "content", "body", "document", "正文", "内容", "文本")
_BIND = re.compile(r"(?<![:\\\w]):(?=\w)")


@dataclass(frozen=True)
class Shape:
    """What of a row is what: names of columns."""

    text: tuple[str, ...]
    """Joined by a blank line where there are several."""
    key: tuple[str, ...]
    """Together unique and never NULL: the order of reading."""
    title: str | None = None


def source_of(connection: Connection, wanted: Wanted) -> FromClause:
    """The table or the query; raises UserError that names the nearest table when there is none of that name."""
    if wanted.query is not None:
        return _query(connection, wanted.query)
    assert wanted.table is not None
    schema, _, name = wanted.table.rpartition(".")
    inspector = inspect(connection)
    known = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
    if name not in known:
        raise _unknown("table", wanted.table, known)
    with warnings.catch_warnings(action="ignore"):  # column types that SQLAlchemy does not know are read as they come
        return Table(name, MetaData(), schema=schema or None, autoload_with=connection)


def _query(connection: Connection, query: str) -> FromClause:
    plain = _BIND.sub(r"\\:", query.strip().rstrip(";"))
    probe = select(text("*")).select_from(text(f"({plain}) AS danlu_query")).where(text("1 = 0"))
    names = list(connection.execute(probe).keys())
    return text(plain).columns(*map(column, names)).subquery("danlu_query")


def shape_of(connection: Connection, source: FromClause, wanted: Wanted) -> Shape:
    """Which columns are what; raises UserError for unknown names, and where text or key cannot be guessed."""
    known = [one.name for one in source.columns]
    for name in (*wanted.text, *wanted.key, *filter(None, [wanted.title])):
        if name not in known:
            raise _unknown("column", name, known)
    chosen = wanted.text or tuple(name for name in _TEXT_NAMES if name in known)[:1]
    if not chosen:
        raise UserError(
            "Which column is the text?", "Add --text-column; the columns are: {known}.", known=", ".join(known)
        )
    key = wanted.key or tuple(one.name for one in source.primary_key)
    if not key:
        raise UserError(
            "There is no primary key to read by",
            "Add --key-column with a column that is unique (several: repeat it); the columns are: {known}.",
            known=", ".join(known),
        )
    if wanted.key and set(wanted.key) != {one.name for one in source.primary_key}:
        _check_key(connection, source, key)
    return Shape(chosen, key, wanted.title or ("title" if "title" in known and "title" not in chosen else None))


def _check_key(connection: Connection, source: FromClause, key: Sequence[str]) -> None:
    """Raise UserError for a key with gaps or doubles: rows would be passed over without a word."""
    columns = [source.columns[name] for name in key]
    empty = or_(*(one.is_(None) for one in columns))
    count = connection.execute(select(func.count()).select_from(source).where(empty)).scalar_one()
    if count:
        raise UserError(
            "{count} rows have no {key}", "A key must be filled in every row: choose another --key-column.",
            count=count, key=", ".join(key),
        )  # fmt: skip
    double = connection.execute(select(*columns).group_by(*columns).having(func.count() > 1).limit(1)).first()
    if double is not None:
        raise UserError(
            "Several rows have {key} = {value}", "A key must be unique: add another --key-column.",
            key=", ".join(key), value=", ".join(map(str, double)),
        )  # fmt: skip


def _unknown(kind: str, name: str, known: Sequence[str]) -> UserError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    values = {"name": name, "near": near[0] if near else "-", "known": ", ".join(known) or "-"}
    if kind == "table":
        return UserError("The database has no table {name}", "Did you mean {near}? It has: {known}.", **values)
    return UserError("There is no column {name}", "Did you mean {near}? The columns are: {known}.", **values)
