"""The `serve:` part of danlu.yaml: models, limits, guards, and what is written down.

    serve:
      models: ...                     # danlu.serve.routes.config
      limits:
        requests_per_minute: 120      # of each key that has no limit of its own
        tokens_per_day: 2000000
        cost_per_month: 300
        max_running: 4                # of the gateway
      guards:
        label: Example Ltd            # answers are labelled as made by AI, with this as who makes them
      observe:
        log: requests.jsonl           # one line of JSON for each request; - for the terminal
        texts: false                  # true: with what was asked and answered
        traces: http://127.0.0.1:4318 # an OpenTelemetry collector
        durable: false                # true: no answer ends before its audit record is on the disk
      feedback:
        keep_days: 30                 # answers are kept so long, to be judged

Paths begin at the project's folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from danlu.core.endpoints import server_of
from danlu.core.errors import Phrase, UserError
from danlu.core.project import check_fields
from danlu.guard.words import load_words
from danlu.serve.access.limits import LIMIT_NAMES, Limits
from danlu.serve.gateway.settings import Settings
from danlu.serve.guards.label import Label
from danlu.serve.guards.reply import CANARY, Guards
from danlu.serve.routes.config import PromptRoute, Route, read_routes
from danlu.text.words import lists

_SERVE = {
    "models": (dict, Phrase("`NAME:` entries, each a model under that name")),
    "limits": (dict, Phrase("`NAME: NUMBER` lines")),
    "guards": (dict, Phrase("`label:`")),
    "observe": (dict, Phrase("`log:`, `texts:`, `traces:` and `durable:`")),
    "feedback": (dict, Phrase("`keep_days:`")),
}
_NUMBER = (float | int, Phrase("a number above 0"))
_WHOLE = (int, Phrase("a whole number above 0"))
_LIMITS = {
    field.name: _WHOLE if field.type in (int, int | None) else _NUMBER for field in (*fields(Limits), *fields(Settings))
}
_FEEDBACK = {"keep_days": (float | int, Phrase("days for which answers are kept to be judged"))}
_GUARDS = {
    "label": (str, Phrase("who makes the content, such as the name or the credit code of the organisation")),
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
    keep_days: float = 0.0
    """How long answers are kept to be judged; 0: not at all."""


@dataclass(frozen=True)
class ServeConfig:
    """All of it."""

    routes: tuple[Route, ...] = ()
    limits: Limits = Limits()  # noqa: RUF009 (frozen)
    settings: Settings = Settings()  # noqa: RUF009 (frozen)
    observing: Observing = Observing()
    label: Label | None = None

    def guards(self, own_words: Path | None) -> Guards:
        """The guards, with the words of a project's own list, and the marks of our own prompts. Raises UserError where it cannot be read."""
        canaries = [route.template.canary for route in self.routes if isinstance(route, PromptRoute)]
        further = [lists.Phrase(canary, CANARY) for canary in canaries if canary]
        return Guards(load_words(own_words, further), self.label)


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
        _observing(parts.get("observe") or {}, parts.get("feedback"), folder),
        _label(parts.get("guards") or {}),
    )


def _label(said: dict[str, Any]) -> Label | None:
    told = check_fields("danlu.yaml: serve.guards", said, _GUARDS, needed=())
    return Label(told["label"]) if "label" in told else None


def _observing(said: dict[str, Any], feedback: dict[str, Any] | None, folder: Path) -> Observing:
    told = check_fields("danlu.yaml: serve.observe", said, _OBSERVE, needed=())
    to_terminal = told.get("log") == "-"
    log = folder / told["log"] if "log" in told and not to_terminal else None
    traces = server_of(told["traces"], "traces") if "traces" in told else ""
    keep_days = 0.0 if feedback is None else _keep_days(feedback)
    return Observing(log, to_terminal, told.get("texts", False), traces, told.get("durable", False), keep_days)


def _keep_days(said: dict[str, Any]) -> float:
    days = float(check_fields("danlu.yaml: serve.feedback", said, _FEEDBACK, needed=()).get("keep_days", 30))
    if not 0 < days <= 3_650:
        raise UserError(
            "danlu.yaml: serve.feedback: `keep_days` is {days:g}", "Give a number of days from 1 to 3650.", days=days
        )
    return days
