"""What readers of containers give: members that are files themselves, records that are documents already, and refusals.

A container's reader yields them one by one as it comes to them, so that an archive of any size is read in bounded
memory, and what came before a damaged place is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from danlu.data.extract.blocks import Extracted, Unreadable


@dataclass(frozen=True)
class Item:
    """A file to read, or a member of one."""

    source: str
    """The stable name: the file's, and for a member of it `file#member`."""
    stream: BinaryIO
    """Read once, from its start. Only the streams of files on disk can seek."""
    called: str = ""
    """The name whose ending tells its kind, where that is not the source's."""
    size_bytes: int | None = None
    """None where only reading to the end would tell."""
    media_type: str = ""
    """Empty: told from the first bytes."""
    charset: str = ""
    """The encoding that the container declares for it."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What the container says of it: URL, date, sender."""

    @property
    def name(self) -> str:
        """The name whose ending tells its kind."""
        return self.called or self.source


@dataclass(frozen=True)
class Record:
    """A document that a data set, a table or a long text holds."""

    source: str
    found: Extracted
    licence: str = ""
    """Empty: the licence of the file."""
    own_id: str = ""
    """The id that the data set gives it."""


@dataclass(frozen=True)
class Refused:
    """A member or a row that is not read, and why."""

    source: str
    reason: Unreadable


Found = Item | Record | Refused
