"""Split: every document goes to training, validation or test, with all that it is tied to.

The artifact is a corpus of all documents. Each of its parts holds documents of one side alone, `sides.json` says which,
and the table `splits` beside `documents` names the side and the group of every document: so one artifact proves that
nothing is on two sides, and a side is read at no cost (`parts_of_side`) or becomes a corpus of its own (the stage `take`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.fields import check_fields
from danlu.data.parts import parts_of
from danlu.data.split.groups import group
from danlu.data.split.near import near_edges
from danlu.data.split.parted import DROPPED, write_sides
from danlu.data.split.roster import NO_TIME, U64, Roster, read_roster
from danlu.data.split.sides import SIDES, Groups, Shares, assign

_DATES = "ISO 8601 dates, 2024/03/05, 2024年3月5日, years and seconds since 1970 are read: write the dates of these documents so."


class SplitConfig(Config):
    """What stays together, and which share measures."""

    validation_share: float = Field(0.05, ge=0, lt=1)
    """Share of the documents that validate, 0 to 1; 0 leaves the side out."""
    test_share: float = Field(0.05, ge=0, lt=1)
    """Share of the documents that test, 0 to 1; 0 leaves the side out."""
    near_threshold: float = Field(0.7, ge=0.5, le=1)
    """Jaccard of 5-shingles from which documents stay together. Lower than what deduplication removes: a text that is
    known by seven tenths is known."""
    group_by: tuple[str, ...] = ("source", "url", "conversation")
    """Columns, or fields of `meta`, whose equal values keep documents together; variants stay with their parents in any case."""
    stratify_by: str | None = None
    """`language`, or another column or field of `meta`: each of its values is parted by the same shares."""
    time_field: str | None = None
    """A field of `meta` that holds a date: the newest documents test, those before them validate."""

    def check(self) -> None:
        """Raises UserError when the shares leave nothing to measure with or nothing to train on."""
        measures = self.validation_share + self.test_share
        if not 0 < measures < 1:
            raise UserError(
                "split.validation_share + split.test_share is {measures}",
                "Expected more than 0 and less than 1: something must measure and something must train.",
                measures=round(measures, 6),
            )


@dataclass(frozen=True)
class Decision:
    """Where each of N documents goes."""

    roster: Roster
    groups_N: NDArray[np.int64]
    sides_N: NDArray[np.int8]
    anchors_N: U64
    """The smallest rank in its group."""

    @classmethod
    def of(cls, parts: Sequence[Path], seed: int, config: SplitConfig, edges: NDArray[np.int64]) -> "Decision":
        """Decide from the documents' columns, and from the pairs that resemble each other."""
        roster = read_roster(parts, seed, config.group_by, config.stratify_by, config.time_field)
        groups_N = group(len(roster.ranks_N), roster.ties_N, edges)
        return cls(roster, groups_N, *_assigned(roster, groups_N, config))


def _split(work: Work, config: SplitConfig, *, documents: Corpus) -> Facts:
    config.check()
    parts = parts_of(documents)
    _check_names(config, parts)
    decision = Decision.of(parts, work.seed, config, near_edges(work, documents, config.near_threshold))
    counts, licences = write_sides(work, parts, decision.sides_N, decision.anchors_N, config.time_field or "")
    return Facts(counts | _facts(decision, config), licences)


def _check_names(config: SplitConfig, parts: Sequence[Path]) -> None:
    """Raises UserError for a field that no document has: grouped by a misspelt name, a split would leak without a word.

    What is tied by default may be missing: most corpora have no conversations.
    """
    usual = SplitConfig.model_fields["group_by"].default
    check_fields("split.group_by", (name for name in config.group_by if name not in usual), parts)
    check_fields("split.stratify_by", (config.stratify_by,) if config.stratify_by else (), parts)
    check_fields("split.time_field", (config.time_field,) if config.time_field else (), parts)


def _assigned(roster: Roster, groups_N: NDArray[np.int64], config: SplitConfig) -> tuple[NDArray[np.int8], U64]:
    """The side of every document, and the smallest rank in its group."""
    dated_N = roster.times_N > NO_TIME if config.time_field else np.ones(len(groups_N), bool)
    kept = np.flatnonzero(dated_N)
    if config.time_field and not len(kept):
        raise UserError(
            "No document has a date that can be read in the field {field} of its meta: {example}",
            _DATES,
            field=config.time_field,
            example=_undated(roster),
        )
    known = Roster(
        roster.ranks_N[kept],
        (),
        roster.strata_N[kept],
        roster.strata,
        roster.times_N[kept] if config.time_field else roster.times_N,
    )
    _, of_kept = np.unique(groups_N[kept], return_inverse=True)
    groups = Groups.of(known, of_kept)
    shares = Shares(config.validation_share, config.test_share)
    try:
        sides_G = assign(groups, shares, stratified=config.stratify_by is not None)
    except WorkFailed as failure:
        if len(kept) == len(groups_N):
            raise
        raise WorkFailed(
            "{undated} of {documents} documents have no date that can be read in {field} ({example}). {problem}",
            _DATES,
            undated=len(groups_N) - len(kept),
            documents=len(groups_N),
            field=config.time_field,
            example=_undated(roster),
            problem=Phrase(failure.message_template, **failure.values),
        ) from None
    sides_N = np.full(len(groups_N), DROPPED, np.int8)
    anchors_N = np.zeros(len(groups_N), np.uint64)
    sides_N[kept], anchors_N[kept] = sides_G[of_kept], groups.ranks_G[of_kept]
    return sides_N, anchors_N


def _undated(roster: Roster) -> Phrase:
    return Phrase("such as “{value}”", value=roster.undated) if roster.undated else Phrase("they have no value there")


def _facts(decision: Decision, config: SplitConfig) -> dict[str, int]:
    """Documents and groups of each side, and documents by stratum."""
    counts: dict[str, int] = {}
    roster = decision.roster
    for side, name in enumerate(SIDES):
        on_side = decision.sides_N == side
        counts[f"documents {name}"] = int(on_side.sum())
        counts[f"groups {name}"] = len(np.unique(decision.groups_N[on_side]))
        if config.stratify_by:
            of_strata = np.bincount(roster.strata_N[on_side], minlength=len(roster.strata)).tolist()
            named = sorted(zip(roster.strata, of_strata, strict=True))
            counts |= {f"side {name}, {config.stratify_by} {stratum}": count for stratum, count in named}
    return counts


split = Stage(
    "split",
    version=1,
    makes=Corpus,
    body=_split,
    config=SplitConfig,
    libraries=("pyarrow",),
    rules=(("shingles", 1), ("split", 2)),
    resumable=True,
)
