"""The licences that `danlu fetch` noted for the files it brought, from the account in their folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from danlu.core.licence_card import UNKNOWN
from danlu.data.fetch.ledger import ACCOUNT, FETCHED, LINES


class FetchedLicences:
    """The licences that the accounts of fetched folders note, by file: about 200 bytes for each fetched file."""

    def __init__(self) -> None:
        self._accounts: dict[Path, tuple[Path, Mapping[str, str]] | None] = {}

    def licence_of(self, path: Path) -> str:
        """The licence of a file; `unknown` where none is noted, or different ones for the pages in it."""
        path = path.absolute()
        account = self._account_above(path.parent)
        if account is None:
            return UNKNOWN
        folder, noted = account
        return noted.get(path.relative_to(folder).as_posix(), UNKNOWN)

    def folder_of(self, path: Path) -> Path | None:
        """The fetched folder that a file or folder is, or is a part of; None where it is of none."""
        path = path.absolute()
        account = self._account_above(path if path.is_dir() else path.parent)
        return account[0] if account else None

    def _account_above(self, folder: Path) -> tuple[Path, Mapping[str, str]] | None:
        """The nearest fetched folder, this one or above it, with its account; looked for once in each folder."""
        if folder not in self._accounts:
            noted = _noted_licences(folder)
            if noted is not None:
                self._accounts[folder] = folder, noted
            else:
                self._accounts[folder] = None if folder.parent == folder else self._account_above(folder.parent)
        return self._accounts[folder]


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
