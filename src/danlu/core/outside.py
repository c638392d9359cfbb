"""A user's own data file as an input of a plan."""

import json
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


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, numbered from 1; a byte-order mark is passed over.

    Raises UserError when it is not UTF-8, or spells half a character as JSON can and UTF-8 cannot.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError("{path} is not UTF-8: {error}", "Save it as UTF-8.", path=path, error=error) from None
    for number, line in enumerate(lines, 1):
        if "\\ud" in line.lower() and _has_half_a_character(line):
            raise UserError(
                "{path}:{number}: half of a surrogate pair (\\ud800 to \\udfff alone), which is no character",
                "Take it out, or write the whole character.",
                path=path,
                number=number,
            )
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _has_half_a_character(line: str) -> bool:
    try:
        json.dumps(json.loads(line), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except ValueError:
        return False  # no JSON: its reader tells
    return False
