"""Sides: which group goes to training, validation or test.

By default the side follows from a number that is drawn from the group's own documents, so that adding documents moves no
other one; shares are then met on average. Stratified, the groups of each stratum are taken in the order of that number
until the share is reached: shares are met to one group, and an added document may move a group at the border. By time,
the newest documents are the test, those before them the validation: nothing in training is as new as what measures it.

A group is never cut. One that alone would more than fill a side stays in training.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import WorkFailed
from danlu.data.split.roster import I64, U64, Roster

SIDES = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)


@dataclass(frozen=True)
class Shares:
    """Shares of the documents, 0 to 1; the rest trains."""

    validation: float
    test: float

    @property
    def wanted(self) -> list[tuple[int, float]]:
        """The sides that measure, with their shares, in the order in which they are filled."""
        return [(side, share) for side, share in ((TEST, self.test), (VALIDATION, self.validation)) if share > 0]


@dataclass(frozen=True)
class Groups:
    """G groups of documents."""

    sizes_G: I64
    ranks_G: U64
    """The smallest rank of their documents."""
    strata_G: I64
    """The stratum of that document."""
    times_G: NDArray[np.float64]
    """The newest time of their documents; empty when time does not matter."""

    @classmethod
    def of(cls, roster: Roster, groups_N: I64) -> "Groups":
        """Gather the documents of each group."""
        count = int(groups_N.max(initial=-1)) + 1
        sizes_G = np.bincount(groups_N, minlength=count)
        order = np.lexsort((roster.ranks_N, groups_N))
        first_G = order[np.cumsum(sizes_G) - sizes_G]
        times_G = np.full(count if len(roster.times_N) else 0, -np.inf)
        if len(roster.times_N):
            np.maximum.at(times_G, groups_N, roster.times_N)
        return cls(sizes_G, roster.ranks_N[first_G], roster.strata_N[first_G], times_G)


def assign(groups: Groups, shares: Shares, *, stratified: bool) -> I64:
    """The side of each group. Raises WorkFailed when there are fewer groups than sides."""
    wanted = shares.wanted
    documents, sides = int(groups.sizes_G.sum()), len(wanted) + 1
    if documents < sides:
        raise WorkFailed(
            "{documents} documents came in, and {sides} are the least: what measures may not be a document that was learnt from",
            "Add documents, or cut a long one into several files.",
            documents=documents,
            sides=sides,
        )
    if len(groups.sizes_G) < sides:
        raise WorkFailed(
            "{documents} documents make {groups} groups that must stay together, too few for {sides} sides",
            "Name fewer fields in `split.group_by`, leave out validation or test (share 0), or add documents.",
            documents=documents,
            groups=len(groups.sizes_G),
            sides=sides,
        )
    if len(groups.times_G):
        return _by_time(groups, wanted)
    sides_G = _by_stratum(groups, wanted) if stratified else _by_rank(groups, wanted)
    return _none_empty(sides_G, groups, wanted)


def _by_rank(groups: Groups, wanted: list[tuple[int, float]]) -> I64:
    sides_G = np.full(len(groups.sizes_G), TRAIN)
    total = int(groups.sizes_G.sum())
    low = 0.0
    for side, share in wanted:
        drawn = groups.ranks_G / 2.0**64
        sides_G[(drawn >= low) & (drawn < low + share) & (groups.sizes_G <= share * total + 1)] = side
        low += share
    return sides_G


def _by_stratum(groups: Groups, wanted: list[tuple[int, float]]) -> I64:
    sides_G = np.full(len(groups.sizes_G), TRAIN)
    for stratum in np.unique(groups.strata_G).tolist():
        members = np.flatnonzero(groups.strata_G == stratum)
        ordered = members[np.argsort(groups.ranks_G[members], kind="stable")]
        _fill(sides_G, ordered, groups.sizes_G, wanted)
    return sides_G


def _by_time(groups: Groups, wanted: list[tuple[int, float]]) -> I64:
    """The newest groups first. Groups of one time are never parted: what is as new as the test would leak into training."""
    sides_G = np.full(len(groups.sizes_G), TRAIN)
    moments, moment_of_G = np.unique(-groups.times_G, return_inverse=True)
    if len(moments) < len(wanted) + 1:
        raise WorkFailed(
            "The documents are of {times} different times, too few for {sides} sides",
            "Leave out `split.time_field`, or leave out validation or test (share 0).",
            times=len(moments),
            sides=len(wanted) + 1,
        )
    sizes = np.bincount(moment_of_G, weights=groups.sizes_G).astype(np.int64)
    side_of_moment = np.full(len(moments), TRAIN)
    start = 0
    for left, (side, share) in zip(range(len(wanted), 0, -1), wanted, strict=True):
        enough = np.searchsorted(np.cumsum(sizes[start:]), share * sizes.sum(), side="right")
        end = min(max(start + int(enough), start + 1), len(moments) - left)
        side_of_moment[start:end] = side
        start = end
    sides_G[:] = side_of_moment[moment_of_G]
    return sides_G


def _fill(sides_G: I64, ordered: I64, sizes_G: I64, wanted: list[tuple[int, float]]) -> None:
    """Take groups in order for each side until it has its share of the documents, passing over those that do not fit."""
    total = int(sizes_G[ordered].sum())
    free = iter(ordered.tolist())
    for side, share in wanted:
        room = round(share * total)
        for number in _that_fit(free, sizes_G, room):
            sides_G[number] = side


def _that_fit(free: Iterator[int], sizes_G: I64, room: int) -> Iterator[int]:
    while room > 0 and (number := next(free, None)) is not None:
        if sizes_G[number] <= room:
            room -= int(sizes_G[number])
            yield number


def _none_empty(sides_G: I64, groups: Groups, wanted: list[tuple[int, float]]) -> I64:
    """Small corpora: a side that got nothing takes a group of the side with most groups; training the largest of them."""
    for side in (*(side for side, _ in wanted), TRAIN):
        if not (sides_G == side).any():
            richest = int(np.bincount(sides_G).argmax())
            free = np.flatnonzero(sides_G == richest)
            ordered = free[np.lexsort((groups.ranks_G[free], groups.sizes_G[free]))]
            sides_G[ordered[-1 if side == TRAIN else 0]] = side
    return sides_G
