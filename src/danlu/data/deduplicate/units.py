"""Lines and paragraphs as units that can repeat: where they stand in the bytes of a batch of texts, and a hash of each.

A paragraph is a run of lines that are not blank (CCNet, Wenzek et al. 2020, arXiv 1911.00359, removes lines that stand elsewhere; a
paragraph says more by itself). White space makes no difference. A line counts within the host of its document, or within its folder
where it has none, so that the menu of one site says nothing about another.

Letters in shapes: D documents of a batch, B bytes, U units.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa

from danlu.data.deduplicate.exact import hash_spans
from danlu.text.arrow import offsets_and_bytes
from danlu.text.shingles import I64, U64, scramble

LEAST_PARAGRAPH_BYTES = 100
"""About 33 Chinese characters or 18 English words: shorter paragraphs (headings, captions) repeat by nature."""
LONGEST_FOLDER_LINE_BYTES = 120
"""40 Chinese characters or 20 English words: what stands on each page of a folder, and is no page's own, is short."""
_NEW_LINE = 10


class Units(NamedTuple):
    """Units in the order of their texts: document `owners[u]` has one at bytes `starts[u]` to `ends[u]` of its own text."""

    owners: I64
    starts: I64
    ends: I64
    hashes: U64

    def of(self, chosen: np.ndarray) -> "Units":
        """Those that a mask or a list of places chooses."""
        return Units(*(column[chosen] for column in self))


def hosts(meta: pa.ChunkedArray) -> list[str]:
    """The web host of each document, by the URL in its meta; empty where there is none."""
    return [_host(text) if '"url"' in text else "" for text in meta.to_pylist()]


def folders(table: pa.Table) -> list[str]:
    """The folder, archive or file of rows that each document without a host came from; empty where there is a host."""
    found = zip(hosts(table["meta"]), table["source"].to_pylist(), strict=True)
    return ["" if host else _folder(source) for host, source in found]


def _folder(source: str) -> str:
    return source[: max(source.rfind("/"), source.rfind("#"), 0)] or "."


def _host(meta: str) -> str:
    url = json.loads(meta).get("url")
    try:
        return urlsplit(url).hostname or "" if isinstance(url, str) else ""
    except ValueError:  # a URL that is none
        return ""


def lines(texts: pa.ChunkedArray, groups: Sequence[str]) -> Units:
    """The lines of documents that have a group (a host, a folder) and are not blank, hashed with their group."""
    found = _lines(texts)
    names = {group: number for number, group in enumerate(sorted(set(groups)))}
    salts = hash_spans(*offsets_and_bytes(pa.array([*names], pa.large_string())))[:, 0]
    numbers = np.array([names[group] for group in groups], np.int64)
    has_group = np.array([bool(group) for group in groups], bool)
    salted = scramble(found.hashes ^ salts[numbers[found.owners]]) if len(found.owners) else found.hashes
    return found._replace(hashes=salted).of((found.hashes != _blank()) & has_group[found.owners])


def short_lines(texts: pa.ChunkedArray, groups: Sequence[str]) -> Units:
    """Those of at most `LONGEST_FOLDER_LINE_BYTES`."""
    found = lines(texts, groups)
    return found.of(found.ends - found.starts <= LONGEST_FOLDER_LINE_BYTES)


def paragraphs(texts: pa.ChunkedArray) -> Units:
    """The paragraphs of at least `LEAST_PARAGRAPH_BYTES`."""
    found = _lines(texts)
    filled = found.of(found.hashes != _blank())
    if not len(filled.owners):
        return filled
    follows = (filled.owners[1:] == filled.owners[:-1]) & (filled.starts[1:] == filled.ends[:-1] + 1)
    firsts = np.flatnonzero(np.append(True, ~follows))
    lasts = np.append(firsts[1:], len(filled.owners)) - 1
    owners, starts, ends = filled.owners[firsts], filled.starts[firsts], filled.ends[lasts]
    text_B, text_starts, _ = offsets_and_bytes(texts)
    hashes = hash_spans(text_B, starts + text_starts[owners], ends + text_starts[owners])[:, 0]
    return Units(owners, starts, ends, hashes).of(ends - starts >= LEAST_PARAGRAPH_BYTES)


def _lines(texts: pa.ChunkedArray) -> Units:
    text_B, text_starts, text_ends = offsets_and_bytes(texts)
    if not len(text_starts):
        empty = np.empty(0, np.int64)
        return Units(empty, empty, empty, np.empty(0, np.uint64))
    low, high = int(text_starts[0]), int(text_ends[-1])
    breaks = np.flatnonzero(text_B[low:high] == _NEW_LINE) + low
    starts = np.sort(np.concatenate([text_starts, breaks + 1]))
    ends = np.sort(np.concatenate([text_ends, breaks]))
    # A break at the very end of a text starts no line in the next one: both lists hold it, as an empty line there.
    owners = np.searchsorted(text_ends, ends, side="left")
    owners = np.minimum(np.searchsorted(text_starts, starts, side="right") - 1, owners)
    hashes = hash_spans(text_B, starts, ends)[:, 0]
    return Units(owners, starts - text_starts[owners], ends - text_starts[owners], hashes)


def _blank() -> np.uint64:
    """The hash of a text without anything in it."""
    return np.uint64(hash_spans(np.zeros(1, np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64))[0, 0])
