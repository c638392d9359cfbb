"""From framed rows to sides: what is rejected, what is known from the held-out file, and where the rest goes."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from danlu.core.errors import UserError
from danlu.text.records import Reject
from danlu.train.heads.config import HeadConfig
from danlu.train.heads.sides import Sides, known_in, part

T = TypeVar("T")


@dataclass(frozen=True)
class Parted(Generic[T]):
    """The rows that are kept. kept + rejects = input."""

    kept: tuple[int, ...]
    """Their positions among those that were given."""
    rows: tuple[T, ...]
    sides: Sides
    """Positions among the kept."""
    rejects: tuple[Reject, ...]


def parted(
    framed: Sequence[T | Reject],
    texts: Sequence[str],
    where: Sequence[str],
    strata: Sequence[Hashable],
    own: int,
    config: HeadConfig,
    seed: int,
) -> Parted[T]:
    """Part rows of which the first `own` are the data and the others are held out; a text that is held out does not train.

    `texts` is what must not cross sides, `where` the line of each row. Raises UserError when a side would stay empty.
    """
    has_held_out = own < len(framed)
    known = known_in(texts[:own], texts[own:], config.near_threshold) if has_held_out else set()
    rejects = [row for row in framed if isinstance(row, Reject)]
    rejects += [
        Reject("", where[at], "also held out", "", "") for at in sorted(known) if not isinstance(framed[at], Reject)
    ]
    kept = [at for at, row in enumerate(framed) if at not in known and not isinstance(row, Reject)]
    rows = tuple(row for row in (framed[at] for at in kept) if not isinstance(row, Reject))
    mine = [at for at in kept if at < own]
    sides = part(
        [texts[at] for at in mine],
        [strata[at] for at in mine],
        seed,
        validation=config.validation_share,
        test=0 if has_held_out else config.test_share,
        threshold=config.near_threshold,
    )
    if has_held_out:
        sides = Sides(sides.train, sides.validation, tuple(range(len(mine), len(rows))))
    return Parted(tuple(kept), rows, sides, tuple(rejects))


def check_learnable(learnt: set[str], labels: Sequence[str]) -> None:
    """Raises UserError for a label that no training row has."""
    for label in labels:
        if label not in learnt:
            raise UserError(
                "No training row has the label {label}",
                "Add rows with it, take it out of the data, or give a file of held-out rows, so that none are parted off.",
                label=label,
            )
