"""Whether each number and date of a sentence stands in its source: value, unit and bound, and beside the same words.

A number that the source has beside another word is another number: "50 files and 20 folders" is not "20 files and 50 folders".
"""

from collections.abc import Sequence

from danlu.retrieve.claims.clauses import Clause
from danlu.retrieve.claims.content import content_words
from danlu.retrieve.claims.evidence import Scope
from danlu.retrieve.claims.quantity import Quantity
from danlu.retrieve.claims.wording import SAME

_FREE_BOUNDS = frozenset({("", "about")})
"""The answer may leave nothing out and add nothing, but a round number may be said as such."""


def untold(said: Sequence[Clause], scope: Scope) -> str:
    """The first number or date of a sentence that its source does not tell so; empty when it tells all."""
    everywhere = _counted(scope.sentence_clauses)
    for clause in said:
        mine = clause.counted
        if not mine:
            continue
        near = _counted([scope.nearest(clause)])
        for quantity in mine:
            if not _told(clause, quantity, mine, near, everywhere):
                return clause.text[quantity.start : quantity.end]
    return ""


Counted = Sequence[tuple[Clause, Quantity]]


def _told(clause: Clause, said: Quantity, mine: Sequence[Quantity], near: Counted, everywhere: Counted) -> bool:
    """In the clause that speaks of the same thing; elsewhere only where that clause has no number of its own left."""
    rivals = [other for _, other in near if other.kind == said.kind and not any(tells(other, one) for one in mine)]
    if any(tells(other, said) for _, other in near):
        return len(near) == 1 or _beside_the_same(clause, said, near)
    return (
        not rivals and any(tells(other, said) for _, other in everywhere) and _beside_the_same(clause, said, everywhere)
    )


def tells(source: Quantity, said: Quantity) -> bool:
    """Whether a source's number or date says one of an answer; of a date the answer may say less, never more."""
    if source.bound != said.bound and (source.bound, said.bound) not in _FREE_BOUNDS and _bounds_differ(source, said):
        return False
    if said.kind == "date" and source.kind == "date":
        return all(mine in ("", theirs) for mine, theirs in zip(said.value, source.value, strict=True))
    if {said.kind, source.kind} == {"date", "number"}:
        year, number = (said, source) if said.kind == "date" else (source, said)
        return year.value == (number.value[0], "", "") and not number.unit
    if {said.kind, source.kind} == {"version", "number"}:
        return said.value == source.value and not (said.unit or source.unit)
    return (said.kind, said.value, said.unit) == (source.kind, source.value, source.unit)


def _bounds_differ(source: Quantity, said: Quantity) -> bool:
    """Words such as "by" and "from" stand before dates in passing; they differ only from one another."""
    passing = {"", "by", "until", "after", "before", "about"}
    if {source.bound, said.bound} in ({"<=", "within"}, {"<=", "by"}):
        return False
    if said.kind in ("date", "time") and "" in (source.bound, said.bound) and {source.bound, said.bound} <= passing:
        return said.bound != "" and said.bound != "by"
    return {source.bound, said.bound} != {"by", "until"}


def _counted(clauses: Sequence[Clause]) -> list[tuple[Clause, Quantity]]:
    return [(clause, quantity) for clause in clauses for quantity in clause.counted]


def _beside_the_same(clause: Clause, said: Quantity, told: Counted) -> bool:
    for behind in (True, False):
        word = _neighbour(clause, said, behind)
        likely = {word, *SAME.get(word, ())} - {""}
        beside = [
            other for place, other in told if other.kind == said.kind and _neighbour(place, other, behind) in likely
        ]
        if beside:
            return any(tells(other, said) for other in beside)
    return True


def _neighbour(clause: Clause, quantity: Quantity, behind: bool) -> str:
    found = content_words(clause.text[quantity.end :] if behind else clause.text[: quantity.start])
    return (found[0] if behind else found[-1]).key if found else ""
