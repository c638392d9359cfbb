"""The date of a document, and who says so.

Soundest first. `stated`: what the document or its file says of itself (`meta.date` of the extraction: front matter, a page's dc.date or
publication time, the Date of a mail, a PDF's CreationDate). `named`: a date in the name of its file. A file's own time on disk is not
asked, since copying and unpacking change it; nor is the day on which danlu first saw it, which says nothing of when it was written.
"""

import json
import re
from dataclasses import dataclass
from typing import Literal

from danlu.retrieve.claims.quantities import quantities

Origin = Literal["stated", "named"]
_ISO = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?=$|[T ])")
_IN_A_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:[-_.年]?(0[1-9]|1[0-2])(?:[-_.月]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")


@dataclass(frozen=True)
class DocumentDate:
    """ISO 8601, as far as it is known (2024, 2024-03 or 2024-03-05), and where it comes from."""

    value: str
    origin: Origin


def document_date(meta: str, source: str) -> DocumentDate | None:
    """The date of a document by its `meta` (JSON) and its source's name; None where none is known."""
    stated = _read(str(json.loads(meta or "{}").get("date") or ""))
    if stated:
        return DocumentDate(stated, "stated")
    named = _IN_A_NAME.search(source.rpartition("/")[2])
    return DocumentDate("-".join(part for part in named.groups() if part), "named") if named else None


def _read(text: str) -> str:
    iso = _ISO.match(text)
    if iso:
        return "-".join(part for part in iso.groups() if part)
    written = next((found.value for found in quantities(text) if found.kind == "date" and found.value[0]), None)
    if written is None:
        return ""
    year, month, day = written
    return "-".join([year, *(part.zfill(2) for part in (month, day) if part)])


def newer(one: DocumentDate | None, other: DocumentDate | None) -> bool | None:
    """Whether the first is the newer one; None where that cannot be told, since dates are missing or equal."""
    if one is None or other is None:
        return None
    shared = min(len(one.value), len(other.value))
    return None if one.value[:shared] == other.value[:shared] else one.value > other.value
