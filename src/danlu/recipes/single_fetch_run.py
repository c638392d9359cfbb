"""What every source of one `danlu fetch` shares: the ledger, the settings, how the outside is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from danlu.core.progress import Progress
from danlu.data.fetch.ledger import Asked, FetchLedger
from danlu.data.fetch.sql_wanted import Wanted
from danlu.model.hub_access import HOMES


@dataclass(frozen=True)
class Access:
    """How the outside is reached: what the user's environment says of hubs, and what a user allows."""

    allow_private: bool = False
    endpoints: Mapping[str, str] = field(default_factory=lambda: HOMES)
    """By scheme: `hf`, `ms`."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """By scheme: `hf`, `ms`."""


@dataclass(frozen=True)
class FetchRun:
    """One run: the ledger, the settings and what all sources share."""

    ledger: FetchLedger
    settings: Mapping[str, Any]
    """Configs by the name of their section."""
    access: Access
    licence: str
    refresh: bool
    progress: Progress
    wanted: Wanted

    def begun(self, label: str, source: str, identity: str | None = None) -> Asked | None:
        """A source as an earlier run left it; None when it is finished and not to be asked again."""
        asked = self.ledger.ask(label, source, identity or source)
        return None if asked.is_finished and not self.refresh else asked
