"""What a split must know of each document, without its text: about 40 bytes for each, and 8 more for each kind of tie.

A tie is a value that must not be on two sides: the family of a variant and its parent, a source file, a page's address, a
conversation, an author, or any field of the document's `meta`.
"""

import hashlib
import json
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.data.families import family_of
from danlu.data.fields import COLUMNS
from danlu.text.tables import read_groups

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

UNTIED = np.uint64(0)
NO_TIME = -np.inf
_YEAR_FIRST = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*日?|\s*月)?(?=$|[\sT])")
"""Dates as people write them in Chinese and Japanese, and with strokes or points: 2024年3月5日, 2024/03/05, 2024.3."""


@dataclass(frozen=True)
class Roster:
    """The documents in the order of the corpus. N of them."""

    ranks_N: U64
    """A number drawn from the seed and the document's id alone: it stays when other documents come and go."""
    ties_N: tuple[U64, ...]
    """For each kind of tie, the hash of the value; UNTIED where a document has none."""
    strata_N: I64
    """Which of `strata` a document is in."""
    strata: tuple[str, ...]
    times_N: NDArray[np.float64]
    """Seconds since 1970, NO_TIME where the field is missing or is no time; empty when time does not matter."""
    undated: str = ""
    """The first value of the time field that is no time."""


def read_roster(
    parts: Sequence[Path], seed: int, group_by: Sequence[str], stratify_by: str | None, time_field: str | None
) -> Roster:
    """Read the columns that tie, divide and date documents."""
    ranks = array("Q")
    ties = [array("Q") for _ in ("family", *group_by)]
    strata: dict[str, int] = {}
    of_strata = array("q")
    times = array("d")
    undated = ""
    for row in _rows(parts):
        meta = json.loads(row["meta"] or "{}")
        ranks.append(hash_text(f"{seed}:{row['doc_id']}"))
        ties[0].append(hash_text(family_of(row["doc_id"], row["meta"])))
        for values, name in zip(ties[1:], group_by, strict=True):
            value = value_of(row, meta, name)
            values.append(hash_text(value) if value else int(UNTIED))
        of_strata.append(strata.setdefault(value_of(row, meta, stratify_by) if stratify_by else "", len(strata)))
        if time_field:
            times.append(seconds_of(meta.get(time_field)))
            if times[-1] == NO_TIME:
                undated = undated or value_of(row, meta, time_field)
    return Roster(
        np.array(ranks, np.uint64),
        tuple(np.array(values, np.uint64) for values in ties),
        np.array(of_strata, np.int64),
        tuple(strata),
        np.array(times, np.float64),
        undated,
    )


def _rows(parts: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for part in parts:
        for table in read_groups(part, ["doc_id", *COLUMNS, "meta"]):
            yield from table.to_pylist()


def value_of(row: dict[str, Any], meta: dict[str, Any], name: str) -> str:
    """A column of the document, or a field of its `meta`, as text; empty when it has none."""
    value = row[name] if name in COLUMNS else meta.get(name)
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def seconds_of(value: object) -> float:
    """A moment in ISO 8601, a day (2024/03/05 and 2024年3月5日 too), a year, or seconds since 1970; NO_TIME for anything else.

    Without a zone it is UTC. 03/05/2024 is not read: it is another day in America than in Europe.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime(int(value), 1, 1, tzinfo=UTC).timestamp() if 1000 <= value <= 9999 else float(value)
    if not isinstance(value, str):
        return NO_TIME
    text = _YEAR_FIRST.sub(_iso_day, value.strip().removesuffix("年"), count=1)
    text += {4: "-01-01", 7: "-01"}.get(len(text), "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NO_TIME
    return (moment if moment.tzinfo else datetime.combine(moment.date(), moment.time(), UTC)).timestamp()


def _iso_day(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    return f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else "")


def hash_text(text: str) -> int:
    """64 bits, equal in every process, never UNTIED."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") or 1
