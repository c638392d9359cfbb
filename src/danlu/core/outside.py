"""A user's own data file as an input of a plan."""

import codecs
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
        if self.path.is_dir():
            raise UserError(
                "{path} is a folder, and one JSON Lines file is expected",
                "Name a file in it. Folders of documents are read by danlu clean, and its corpus by danlu pretrain.",
                path=self.path,
            )
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Name a JSON Lines file after --data.", path=self.path)
        return hash_file(self.path)


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, numbered from 1; a byte-order mark is passed over.

    Raises UserError when it is not UTF-8, or spells half a character as JSON can and UTF-8 cannot.
    """
    lines = read_text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if "\\ud" in line.lower() and _has_half_a_character(line):
            raise UserError(
                "{path}:{number}: half of a surrogate pair (\\ud800 to \\udfff alone), which is no character",
                "Take it out, or write the whole character.",
                path=path,
                number=number,
            )
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def read_text(path: Path) -> str:
    """The text of a file without its byte-order mark, its line ends as they are. Raises UserError, with the line, when it is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            "{path}:{line}: not UTF-8: the byte 0x{byte:02x} cannot stand there",
            "It begins as UTF-16 does: iconv -f UTF-16 -t UTF-8 {name} > utf8-{name}"
            if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            else "Save it as UTF-8. Chinese from Windows is mostly GBK: iconv -f GB18030 -t UTF-8 {name} > utf8-{name}"
            if _may_be_gb18030(content)
            else "Save it as UTF-8.",
            path=path,
            line=content.count(b"\n", 0, error.start) + 1,
            byte=content[error.start],
            name=path.name,
        ) from None


def _may_be_gb18030(content: bytes) -> bool:
    """That it is, is not said: much that is not can be read as that."""
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _has_half_a_character(line: str) -> bool:
    try:
        json.dumps(json.loads(line), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except ValueError:
        return False  # no JSON: its reader tells
    return False
