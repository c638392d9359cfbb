"""The figures of a report, added up row by row: memory grows with the number of groups and domains, not of documents."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from danlu.core.artifacts import Corpus
from danlu.data.balance.groups import cramers_v
from danlu.text.tables import read_groups

_LENGTHS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)
"""Tokens: upper bounds of the bars of a histogram."""
_MEANS = (
    "type_token", "mtld", "compression", "sentence_tokens", "question_share", "imperative_share", "formality", "polarity",
)  # fmt: skip
_MOST_DOMAINS = 20


@dataclass
class Figures:
    """Counts over the rows of MEASURES."""

    documents: int = 0
    tokens: int = 0
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Documents by group and label."""
    by: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in ("language", "domain", "register", "emotion", "length")}
    )
    tokens_by_group: Counter[str] = field(default_factory=Counter)
    sums: dict[str, Counter[str]] = field(default_factory=dict)
    """By language: sum and number of each mean."""

    @property
    def groups(self) -> Counter[str]:
        """Documents by group."""
        found: Counter[str] = Counter()
        for (group, _), count in self.cells.items():
            found[group] += count
        return found

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one document."""
        self.documents += 1
        self.tokens += row["tokens"]
        self.cells[row["group"], row["label"]] += 1
        self.tokens_by_group[row["group"]] += row["tokens"]
        for name in ("language", "domain", "register", "emotion"):
            self.by[name][row[name]] += 1
        self.by["length"][_length(row["tokens"])] += 1
        own = self.sums.setdefault(row["language"], Counter())
        for name in _MEANS:
            if row[name] is not None:
                own[name] += row[name]
                own[f"{name} documents"] += 1

    def report(self, wanted: Mapping[str, float], weights: Mapping[tuple[str, str], float]) -> dict[str, Any]:
        """The figures by name."""
        domains = self.by["domain"].most_common(_MOST_DOMAINS)
        counted = {
            name: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) for name, counts in self.by.items()
        }
        return counted | {
            "documents": self.documents, "tokens": self.tokens,
            "domain": dict(domains), "domains": len(self.by["domain"]),
            "length": {name: self.by["length"][name] for name in _length_names()},
            "means": {language: _means(own) for language, own in sorted(self.sums.items())},
            "groups": [
                {
                    "group": group, "documents": count, "share": round(count / self.documents, 4),
                    "tokens": self.tokens_by_group[group], "target": round(wanted[group], 4),
                    "labels": {label: n for (own, label), n in sorted(self.cells.items()) if own == group and label},
                    "weights": {label: weight for (own, label), weight in sorted(weights.items()) if own == group},
                }
                for group, count in sorted(self.groups.items(), key=lambda item: (-item[1], item[0]))
            ],
            "association": cramers_v(self.cells),
        }  # fmt: skip

    def licences(self, documents: Corpus) -> tuple[str, ...]:
        """The set of licences of a corpus."""
        found: set[str] = set()
        for table in read_groups(documents.documents, ["licence"]):
            found |= set(pc.unique(table["licence"]).to_pylist())
        return tuple(sorted(found))


def _means(own: Mapping[str, float]) -> dict[str, float]:
    return {name: round(own[name] / own[f"{name} documents"], 4) for name in _MEANS if own.get(f"{name} documents")}


def _length_names() -> list[str]:
    return [f"≤ {bound}" for bound in _LENGTHS] + [f"> {_LENGTHS[-1]}"]


def _length(tokens: int) -> str:
    return next((f"≤ {bound}" for bound in _LENGTHS if tokens <= bound), f"> {_LENGTHS[-1]}")
