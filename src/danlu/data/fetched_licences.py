"""The licences that `danlu fetch` noted for the files it brought, from the account in their folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from danlu.data.fetch.ledger import ACCOUNT, FETCHED, LINES
from danlu.data.licences import UNKNOWN


class FetchedLicences:
    """The licences that the accounts of fetched folders note, by file: about 200 bytes for each fetched file."""

    def __init__(self) -> None:
        self._accounts: dict[Path, Mapping[str, str] | None] = {}

    def licence_of(self, path: Path) -> str:
        """The licence of a file; `unknown` where none is noted, or different ones for the pages in it."""
        path = path.absolute()
        for folder in path.parents:
            if folder not in self._accounts:
                self._accounts[folder] = _noted_licences(folder)
            noted = self._accounts[folder]
            if noted is not None:
                return noted.get(path.relative_to(folder).as_posix(), UNKNOWN)
        return UNKNOWN


def _noted_licences(folder: Path) -> Mapping[str, str] | None:
    """The licence of each file of a fetched folder, by its path in it; None for another folder."""
    if not ((folder / ACCOUNT).is_file() and (folder / LINES).is_file()):
        return None
    noted: dict[str, str] = {}
    with (folder / LINES).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            facts = _facts(line)
            file, licence = facts.get("file"), facts.get("licence") or UNKNOWN
            if facts.get("state") == FETCHED and isinstance(file, str):
                noted[file] = licence if noted.get(file, licence) == licence else UNKNOWN
    return noted


def _facts(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
