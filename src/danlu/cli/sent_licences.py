"""Licences that `danlu fetch` noted go with the files that they are of, or nothing goes: a job there must find what a run here finds."""

from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.licence_card import UNKNOWN
from danlu.data.fetched_licences import FetchedLicences


def check_licences(path: Path, licence: str, sent: Path) -> None:
    """Raises UserError when the licences of a source are noted in a folder that is not sent with it."""
    noted = FetchedLicences().folder_of(path) if licence == UNKNOWN else None
    if noted and not noted.resolve().is_relative_to(sent.resolve()):
        raise UserError(
            "The licences of {path} are noted in {folder}, which is not sent",
            "Name {folder} whole, or say which licence it has: --licence, or `licence:` in danlu.yaml.",
            path=path,
            folder=noted,
        )
