"""What a gateway writes down, opened together and closed together: quotas and audit in one database, the log, the traces."""

from dataclasses import dataclass
from pathlib import Path

from danlu.serve.access import quotas
from danlu.serve.access.quotas import Quotas
from danlu.serve.gateway.config import Observing
from danlu.serve.observe import audit, feedback
from danlu.serve.observe.audit import Audit
from danlu.serve.observe.exchange import Observer
from danlu.serve.observe.feedback import Feedback
from danlu.serve.observe.log import RequestLog
from danlu.serve.observe.traces import Traces
from danlu.serve.routes.upstream.pool import Connections
from danlu.serve.state import clock
from danlu.serve.state.database import Database

FILE = "serve.db"
"""In a project's state folder."""


@dataclass(frozen=True)
class Books:
    """Open until `aclose`."""

    database: Database
    quotas: Quotas
    audit: Audit
    observers: tuple[Observer, ...]
    traces: Traces | None = None
    feedback: Feedback | None = None

    @classmethod
    def open(cls, folder: Path, observing: Observing, connections: Connections) -> "Books":
        """The books in this folder. Raises UserError where a file cannot be used."""
        schema = clock.SCHEMA + quotas.SCHEMA + audit.SCHEMA + feedback.SCHEMA
        database = Database(folder / FILE, schema, durable=observing.durable)
        written = Audit(database)
        observers: list[Observer] = [written]
        if observing.log is not None or observing.to_terminal:
            observers.append(RequestLog(observing.log, texts=observing.texts))
        kept = Feedback(database, observing.keep_days) if observing.keep_days else None
        if kept is not None:
            observers.append(kept)
        traces = Traces(observing.traces, connections) if observing.traces else None
        if traces is not None:
            observers.append(traces)
        written.note("started", {})
        return cls(database, Quotas(database), written, tuple(observers), traces, kept)

    async def written(self) -> None:
        """Come back when all that was noted so far is committed. Raises DanluError when it cannot be."""
        await self.database.run(lambda connection: None)

    async def aclose(self) -> None:
        """Write and send what is left."""
        self.audit.note("stopped", {})
        if self.traces is not None:
            await self.traces.aclose()
        self.database.close()
