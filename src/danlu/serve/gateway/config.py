"""The `serve:` part of danlu.yaml: models, limits, and what is written down.

serve:
models: ...                     # danlu.serve.routes.config
limits:
requests_per_minute: 120      # of each key that has no limit of its own
tokens_per_day: 2000000
cost_per_month: 300
max_running: 4                # of the gateway
observe:
log: requests.jsonl           # one line of JSON for each request; - for the terminal
texts: false                  # true: with what was asked and answered
traces: http://127.0.0.1:4318 # an OpenTelemetry collector
durable: false                # true: no answer ends before its audit record is on the disk
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from danlu.core.endpoints import server_of
from danlu.core.errors import Phrase
from danlu.core.project import check_fields
from danlu.serve.access.limits import LIMIT_NAMES, Limits
from danlu.serve.gateway.settings import Settings
from danlu.serve.routes.config import Route, read_routes

_SERVE = {
    "models": (dict, Phrase("`NAME:` entries, each a model under that name")),
    "limits": (dict, Phrase("`NAME: NUMBER` lines")),
    "observe": (dict, Phrase("`log:`, `texts:`, `traces:` and `durable:`")),
}
_NUMBER = (float | int, Phrase("a number above 0"))
_WHOLE = (int, Phrase("a whole number above 0"))
_LIMITS = {
    field.name: _WHOLE if field.type in (int, "int", int | None) else _NUMBER
    for field in (*fields(Limits), *fields(Settings))
}
_OBSERVE = {
    "log": (str, Phrase("the path of a file, or `-` for the terminal")),
    "texts": (bool, Phrase("true or false")),
    "traces": (str, Phrase("the address of an OpenTelemetry collector, such as http://127.0.0.1:4318")),
    "durable": (bool, Phrase("true or false")),
}


@dataclass(frozen=True)
class Observing:
    """What is written down of each request beside the audit log."""

    log: Path | None = None
    """None: no log of requests."""
    to_terminal: bool = False
    texts: bool = False
    traces: str = ""
    durable: bool = False


@dataclass(frozen=True)
class ServeConfig:
    """All of it."""

    routes: tuple[Route, ...] = ()
    limits: Limits = Limits()  # noqa: RUF009 (frozen)
    settings: Settings = Settings()  # noqa: RUF009 (frozen)
    observing: Observing = Observing()


def read_config(said: Any, folder: Path, environment: Mapping[str, str], **settings: Any) -> ServeConfig:
    """The configuration in a `serve:` part, whose paths begin at `folder`; `settings` are the defaults of some. Raises UserError that names the field."""
    if said is None:
        return ServeConfig(settings=Settings(**settings))
    parts = check_fields("danlu.yaml: serve", said, _SERVE, needed=())
    numbers = check_fields("danlu.yaml: serve.limits", parts.get("limits") or {}, _LIMITS, needed=())
    of_callers = {name: value for name, value in numbers.items() if name in LIMIT_NAMES}
    of_gateway = {name: value for name, value in numbers.items() if name not in LIMIT_NAMES}
    return ServeConfig(
        read_routes(parts.get("models"), folder, environment),
        Limits(**of_callers),
        Settings(**{**settings, **of_gateway}),
        _observing(parts.get("observe") or {}, folder),
    )


def _observing(said: dict[str, Any], folder: Path) -> Observing:
    told = check_fields("danlu.yaml: serve.observe", said, _OBSERVE, needed=())
    to_terminal = told.get("log") == "-"
    log = folder / told["log"] if "log" in told and not to_terminal else None
    traces = server_of(told["traces"], "traces") if "traces" in told else ""
    return Observing(log, to_terminal, told.get("texts", False), traces, told.get("durable", False))
