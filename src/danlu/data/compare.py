"""What differs between two corpora: documents by id and by text, the rules that account for them, and the amounts.

Only hashes are held: 44 bytes for each document of both sides. Texts are read once, a row group at a time, and
those of a few examples once more.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus, Manifest
from danlu.text.shingles import I64, U64, hash_arrow_tokens
from danlu.text.tables import read_groups

_AROUND = 60
"""Characters of a text that an example shows on either side of where two texts part."""
Amounts = dict[str, Counter[str]]
"""By language or source: documents, tokens, characters."""


@dataclass(frozen=True)
class Side:
    """One corpus, by hashes. N documents."""

    corpus: Corpus
    ids_N: U64
    texts_N: U64
    facts_N: U64
    """Of title, language, licence and meta."""
    by_language: Amounts
    by_source: Amounts
    """By what stands before the first slash of a source's name."""


@dataclass(frozen=True)
class Comparison:
    """Positions of documents in the first corpus (of removed and changed) and in the second (of added)."""

    first: Side
    second: Side
    added: I64
    removed: I64
    changed: I64
    changed_to: I64
    """Where the changed documents stand in the second corpus."""
    relabelled: int
    """Documents of the same text with another title, language, licence or meta."""
    renamed: int
    """Of the added: those whose text is that of a removed one."""
    unchanged: int
    removed_by: dict[str, int] = field(default_factory=dict)
    """Removed documents by the rule that rejected them; "" for those that no table of rejects names."""
    changed_by: dict[str, int] = field(default_factory=dict)
    """Edits to changed documents, by rule."""


def compare(first: Corpus, second: Corpus, between: Sequence[Path]) -> Comparison:
    """Compare two corpora; `between` are the folders of the artifacts that lead from one to the other, with the second's."""
    one, other = _read(first), _read(second)
    both, at_one, at_other = np.intersect1d(one.ids_N, other.ids_N, return_indices=True)
    removed = np.flatnonzero(~np.isin(one.ids_N, both))
    added = np.flatnonzero(~np.isin(other.ids_N, both))
    differs = one.texts_N[at_one] != other.texts_N[at_other]
    relabelled = ~differs & (one.facts_N[at_one] != other.facts_N[at_other])
    order = np.argsort(at_one[differs])
    changed = at_one[differs][order]
    return Comparison(
        one, other, added, removed, changed, at_other[differs][order],
        relabelled=int(relabelled.sum()),
        renamed=int(np.isin(other.texts_N[added], one.texts_N[removed]).sum()),
        unchanged=int((~differs & ~relabelled).sum()),
        removed_by=_rules(between, "rejects", one.ids_N[removed], one_each=True),
        changed_by=_rules(between, "edits", one.ids_N[changed], one_each=False),
    )  # fmt: skip


def manifest_differences(first: Manifest, second: Manifest) -> dict[str, list[Any]]:
    """What two manifests say differently, by name: stage, version, seed, config, runtime, parents, licences, counts."""
    pairs: dict[str, list[Any]] = {}
    for name in ("stage", "version", "seed", "note", "content_hash"):
        pairs[name] = [getattr(first, name), getattr(second, name)]
    pairs["licences"] = [list(first.licences), list(second.licences)]
    for name in ("config", "runtime", "parents", "counts"):
        one, other = getattr(first, name), getattr(second, name)
        for key in sorted({*one, *other}):
            pairs[f"{name}.{key}"] = [one.get(key), other.get(key)]
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def examples(comparison: Comparison, count: int) -> dict[str, list[dict[str, str]]]:
    """A few documents of each kind, the first of the corpus: source, and a piece of the text, of both texts where it changed."""
    first, second = comparison.first.corpus, comparison.second.corpus
    before = _rows_at(first, comparison.changed[:count])
    after = _rows_at(second, comparison.changed_to[:count])
    return {
        "added": [_shown(row) for row in _rows_at(second, comparison.added[:count])],
        "removed": [_shown(row) for row in _rows_at(first, comparison.removed[:count])],
        "changed": [_parted(one, other) for one, other in zip(before, after, strict=True)],
    }


def _read(corpus: Corpus) -> Side:
    ids, texts, facts = array("Q"), array("Q"), array("Q")
    by_language: Amounts = {}
    by_source: Amounts = {}
    columns = ["doc_id", "text", "title", "source", "language", "licence", "meta"]
    for table in read_groups(corpus.documents, columns):
        tokens = np.diff(hash_arrow_tokens(table["text"].combine_chunks()).starts).tolist()
        characters = pc.utf8_length(table["text"]).to_pylist()
        rows = table.to_pylist()
        for row, own_tokens, own_characters in zip(rows, tokens, characters, strict=True):
            ids.append(_hash(row["doc_id"]))
            texts.append(_hash(row["text"]))
            facts.append(_hash("\0".join(row[name] or "" for name in ("title", "language", "licence", "meta"))))
            amount = Counter(documents=1, tokens=own_tokens, characters=own_characters)
            by_language.setdefault(row["language"], Counter()).update(amount)
            by_source.setdefault(row["source"].partition("/")[0], Counter()).update(amount)
    ids_N, texts_N, facts_N = (np.array(hashes, np.uint64) for hashes in (ids, texts, facts))
    return Side(corpus, ids_N, texts_N, facts_N, by_language, by_source)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _rules(folders: Sequence[Path], table: str, wanted: U64, *, one_each: bool) -> dict[str, int]:
    """Rules in the tables of some artifacts, for the wanted documents: each document once, or the sum of counts."""
    counts: Counter[str] = Counter()
    left = set(wanted.tolist())
    for folder in folders:
        for group in read_groups(folder / table) if (folder / table).exists() else ():
            for row in group.to_pylist():
                if (own := _hash(row["doc_id"])) in left:
                    counts[row["rule"]] += 1 if one_each else row["count"]
                    if one_each:
                        left.discard(own)
    if one_each and left:
        counts[""] = len(left)
    return dict(counts.most_common())


def _rows_at(corpus: Corpus, positions: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The documents at some positions, in the order of the positions."""
    found: dict[int, dict[str, Any]] = {}
    start = 0
    for table in read_groups(corpus.documents, ["source", "text"]) if len(positions) else ():
        for position in positions[(positions >= start) & (positions < start + table.num_rows)].tolist():
            found[position] = table.slice(position - start, 1).to_pylist()[0]
        start += table.num_rows
        if len(found) == len(positions):
            break
    return [found[position] for position in positions.tolist()]


def _shown(row: dict[str, Any]) -> dict[str, str]:
    return {"source": row["source"], "text": row["text"][: 2 * _AROUND]}


def _parted(one: dict[str, Any], other: dict[str, Any]) -> dict[str, str]:
    """Both texts from a little before where they part."""
    before, after = one["text"], other["text"]
    least = min(len(before), len(after))
    at = _first_difference(before, after, least)
    start = max(0, at - _AROUND // 2)
    return {"source": one["source"], "before": before[start : at + _AROUND], "after": after[start : at + _AROUND]}


def _first_difference(one: str, other: str, least: int) -> int:
    """By halving: comparing slices is as fast as memory."""
    low, high = 0, least
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
