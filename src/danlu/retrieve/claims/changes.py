"""Whether a clause tells that what another says was changed: "moved from 24 May to 21 June", beside "set for 24 May".

It has a word for changing, and names the old number or date, which the other tells, beside a new one of the same kind. "Moved to 21 June"
alone is not read so: in one document two dates of one thing are mostly two things.
"""

import re
from collections.abc import Sequence

from danlu.retrieve.claims.clauses import Clause
from danlu.retrieve.claims.quantity import Quantity

_CHANGE = re.compile(
    r"\b(?:moved?|chang(?:e[sd]?|ing)|postponed?|reschedul(?:ed?|ing)|brought forward|extended|shortened|rais(?:ed?|es|ing)|rises?|rose|risen"
    r"|increase[sd]?|reduce[sd]?|lowered|cut|adjusted|corrected|instead of|replaces?|no longer)\b"
    "|改[为到至成在期]|更改|变更|调整?[为到至]|推迟|延[期至长]|提前[到至]|提高|上调|下调|降[为至低]|增[至加]|缩短|更正|取代|不再",
    re.IGNORECASE,
)


_OLD = re.compile(
    r"(?:\b(?:from|instead of|replac(?:es|ing)|no longer)|[由从]|取代|不再是?|而不是|而非)\s*$", re.IGNORECASE
)
_NEW = re.compile(r"(?:\b(?:to|at|into)|[为到至成在])\s*$", re.IGNORECASE)
"""Right before a value. Where neither tells, the value that is told last is the new one."""


def changes(said: Clause, before: Clause) -> bool:
    """Whether the first tells that what the second says was changed."""
    if not _CHANGE.search(said.text) or _CHANGE.search(before.text):
        return False
    return any(_from(one, said) for one in before.counted)


def _from(old: Quantity, said: Clause) -> bool:
    """Whether the old value stands there as what was before, with another after or before it; "from 120 to 150" is one range."""
    for one in said.counted:
        if one.kind == "range" and one.unit == old.unit and one.value[0] == old.value[0]:
            return bool(_OLD.search(said.text[: one.start]))
    units = {one.unit for one in said.counted}
    alike = [one for one in said.counted if one.kind == old.kind and old.unit in (one.unit, *units)]
    return any(_is(one, old) for one in _before(said.text, alike)) and any(not _is(one, old) for one in alike)


def _before(text: str, told: Sequence[Quantity]) -> Sequence[Quantity]:
    """Of several values those that were before the change."""
    named = [one for one in told if _OLD.search(text[: one.start])]
    if named:
        return named
    others = [one for one in told if not _NEW.search(text[: one.start])]
    return others if len(others) < len(told) else told[:-1]


def _is(one: Quantity, other: Quantity) -> bool:
    """Of a date either may say less."""
    if one.kind == "date":
        return all("" in pair or pair[0] == pair[1] for pair in zip(one.value, other.value, strict=True))
    return one.value == other.value
