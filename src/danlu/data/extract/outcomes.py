"""What comes out of a file that is read: documents and rejects, named once each, with the file's licence and what it says of itself."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from danlu.core.licence_card import UNKNOWN
from danlu.data import media
from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Item, Record
from danlu.data.extract.unpack import Meter
from danlu.data.licences import licence_of_name
from danlu.data.lock import id_of
from danlu.text.records import Document, Reject

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Python's messages name objects by where they lie in memory: never twice the same."""

_LICENCE_NAMES = ("licence", "license", "许可证", "许可")
"""What pages and front matter call it."""

Edits = tuple[tuple[str, int], ...]
Outcome = tuple[Document, Edits] | Reject


@dataclass
class Reading:
    """One file being read: its limits, what came out of it, and the names that its documents have taken."""

    config: ExtractConfig
    licence: str
    meter: Meter
    spool: Path
    """Where members lie that are too large for memory and must seek."""
    names: set[int] = field(default_factory=set)
    """Hashes of the names given, about 60 bytes each: only for a file of many documents does it grow."""
    own_ids: set[int] = field(default_factory=set)

    def name(self, source: str) -> str:
        """The source's name, made unique: the second `page` of a file is `page~2`."""
        unique, number = source, 2
        while hash(unique) in self.names:
            unique, number = f"{source}~{number}", number + 1
        self.names.add(hash(unique))
        return unique


def reject_of(source: str, reason: Unreadable, reading: Reading) -> Reject:
    """A reject of what has no document, by the rule that stopped it."""
    name = reading.name(source)
    return Reject(id_of(name), name, reason.rule, _ADDRESS.sub("", reason.value)[:1000], reason.threshold)


def document_of(
    found: Extracted, item: Item, kind: str, reading: Reading, record: Record | None = None
) -> tuple[Document, Edits]:
    """The document of what was found in an item, or in a record of it; a second record with the same id of its own is counted."""
    source = reading.name(record.source if record else item.source)
    edits = found.edits
    if record and record.own_id:
        edits += (("duplicate id", 1),) if hash(record.own_id) in reading.own_ids else ()
        reading.own_ids.add(hash(record.own_id))
    meta = {**item.meta, **found.meta}
    if named := media.told_by_name(item.name, kind):
        edits += (("file told by its content, not by its name", 1),)
        meta["named"] = named
    licence = (record.licence if record else "") or reading.licence
    if licence in ("", UNKNOWN) and (stated := _stated_licence(meta)):
        licence = stated
        edits += (("licence stated by the document", 1),)
    document = Document(
        id_of(source), found.text, found.title or _title(item, meta), source, found.media_type or kind,
        licence or UNKNOWN, language=found.language or "und", blocks=found.blocks,
        meta=json.dumps(meta, ensure_ascii=False, sort_keys=True, default=str) if meta else "{}",
    )  # fmt: skip
    return document, edits


def _stated_licence(meta: Mapping[str, Any]) -> str | None:
    """The licence that the document states of itself, such as a page's or that of a front matter."""
    by_name = {name.lower(): value for name, value in meta.items()}
    stated = [by_name[name] for name in _LICENCE_NAMES if isinstance(by_name.get(name), str)]
    return next(filter(None, map(licence_of_name, stated)), None)


def _title(item: Item, meta: Mapping[str, Any]) -> str:
    return str(meta.get("title") or PurePosixPath(item.name.rpartition("#")[2]).stem)
