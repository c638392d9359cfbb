"""A user's own data file as an input of a plan."""

from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.hashing import hash_file


@dataclass(frozen=True)
class DataFile:
    """A JSON Lines file: it enters identity by its content."""

    path: Path

    def content_hash(self) -> str:
        """SHA-256 of the file; raises UserError when it is missing."""
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Name a JSON Lines file after --data.", path=self.path)
        return hash_file(self.path)
