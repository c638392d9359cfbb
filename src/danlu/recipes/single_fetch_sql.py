"""Rows of a database."""

from danlu.data.fetch.database import database_url, masked, open_database, reading
from danlu.data.fetch.sources import Source
from danlu.data.fetch.sql import Rows
from danlu.data.fetch.sql_source import shape_of, source_of
from danlu.recipes.single_fetch_run import FetchRun


def fetch_rows(run: FetchRun, source: Source) -> None:
    """Read a table or a query, behind the last key of an earlier run; raises UserError and WorkFailed."""
    url, wanted = database_url(source.rest), run.wanted
    wanted.check()
    engine = open_database(url)
    with reading(engine, url) as connection:
        table = source_of(connection, wanted)
        shape = shape_of(connection, table, wanted)
    what = wanted.table or f"({wanted.query})"
    label = source.label(wanted.table or f"query-{url.database or url.get_backend_name()}")
    if run.begun(label, masked(url), f"{masked(url)} {what} {shape}"):
        run.ledger.finish(label, False)
        run.ledger.note(label, table=wanted.table, query=wanted.query, columns={"text": shape.text, "key": shape.key})
        Rows(engine, url, table, shape, run.ledger, label, run.settings["sql"], run.progress, run.licence).run()
        run.ledger.finish(label, True)
