"""Conditions on a document, as a labelling file states them: what must hold for a function to vote.

Keywords are compared folded (NFKC, case), a keyword that starts or ends in a letter of an alphabet only as a whole word;
Han characters have no such borders. Regular expressions are RE2's, which take time linear in the text whatever
the expression: no look-around, no back-references.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from danlu.core.errors import UserError
from danlu.data.nearest import nearest_first
from danlu.text.language import HAN
from danlu.text.pii.finding import KINDS
from danlu.text.records import Document
from danlu.text.shingles import fold

Plain = str | int | float | bool
_BORDERED = re.compile(f"[^\\W{HAN}]")


class MetaTest(BaseModel):
    """A test of one field of a document's `meta`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    field: str
    """Name in `meta`; a document without it does not match."""
    equals: Plain | None = None
    one_of: tuple[Plain, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _tests_something(self) -> "MetaTest":
        if self.equals is None and not self.one_of and self.at_least is None and self.at_most is None:
            raise PydanticCustomError("tests_nothing", "give equals, one_of, at_least or at_most")
        return self

    def holds(self, document: Document) -> bool:
        """Whether the field is there and passes."""
        value = json.loads(document.meta).get(self.field)
        if value is None or (self.equals is not None and value != self.equals):
            return False
        if self.one_of and value not in self.one_of:
            return False
        bounded = self.at_least is not None or self.at_most is not None
        number = _number(value)
        return not bounded or (
            number is not None
            and (self.at_least is None or number >= self.at_least)
            and (self.at_most is None or number <= self.at_most)
        )


class Condition(BaseModel):
    """What a document must be like. All that is stated must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    keywords: tuple[str, ...] = ()
    min_matches: int = Field(1, ge=1)
    """How many occurrences of keywords, all together, make a match."""
    regex: str = ""
    """RE2, searched anywhere in the text; `(?i)` at its start ignores case."""
    meta: MetaTest | None = None
    min_characters: int = Field(0, ge=0)
    max_characters: int | None = Field(None, ge=0)
    pii: tuple[str, ...] = ()
    """Types of personal data, any of which must stand in the text: email, mobile_phone, cn_resident_id, ..."""
    language: str = ""
    """ISO 639-1, such as zh: the language that cleaning found."""

    @model_validator(mode="after")
    def _words_are_known(self) -> "Condition":
        if any(not fold(keyword).strip() for keyword in self.keywords):
            raise PydanticCustomError("empty_keyword", "a keyword is empty")
        if unknown := next((name for name in self.pii if name not in KINDS), ""):
            types = ", ".join(nearest_first(unknown, KINDS))
            raise PydanticCustomError("unknown_pii", "no such type: {unknown}", {"unknown": unknown, "types": types})
        return self

    @property
    def states_something(self) -> bool:
        """Whether there is any condition at all."""
        bounds = self.min_characters or self.max_characters is not None
        return bool(self.keywords or self.regex or self.meta or self.pii or bounds or self.language)


class Matcher:
    """Tests many conditions on one document at a time: all keywords in one pass of one automaton."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        import ahocorasick_rs

        self._conditions = conditions
        self._wants_pii = any(condition.pii for condition in conditions)
        self._words = sorted({fold(word) for condition in conditions for word in condition.keywords})
        self._owners = [
            [number for number, condition in enumerate(conditions) if word in map(fold, condition.keywords)]
            for word in self._words
        ]
        self._automaton = ahocorasick_rs.AhoCorasick(self._words) if self._words else None

    def holding(self, document: Document) -> list[bool]:
        """Which of the conditions hold."""
        matches = self._matches(document.text)
        kinds = _pii_of(document.text) if self._wants_pii else frozenset()
        return [_holds(condition, document, matches[at], kinds) for at, condition in enumerate(self._conditions)]

    def _matches(self, text: str) -> list[int]:
        counts = [0] * len(self._conditions)
        if self._automaton is None:
            return counts
        folded = fold(text)
        for word, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if _is_whole(folded, start, end):
                for owner in self._owners[word]:
                    counts[owner] += 1
        return counts


def check_regex(pattern: str, place: str) -> None:
    """Raise UserError when RE2 does not take the pattern."""
    import re2

    try:
        _compiled(pattern)
    except re2.error as error:
        raise UserError(
            "{place}: the regular expression {pattern!r} is not one of RE2: {problem}",
            "RE2 has no look-around and no back-references; `unless:` says what must not be there.",
            place=place,
            pattern=pattern,
            problem=_said(error),
        ) from None


def _said(error: Exception) -> str:
    """What RE2 says, which it gives as bytes."""
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


@cache
def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _pii_of(text: str) -> frozenset[str]:
    from danlu.text.pii.scan import scan

    return frozenset(finding.kind for finding in scan([text])[0])


def _holds(condition: Condition, document: Document, matches: int, pii: frozenset[str]) -> bool:
    size = len(document.text)
    return (
        size >= condition.min_characters
        and (condition.max_characters is None or size <= condition.max_characters)
        and (not condition.language or document.language == condition.language)
        and (not condition.keywords or matches >= condition.min_matches)
        and (not condition.pii or not pii.isdisjoint(condition.pii))
        and (condition.meta is None or condition.meta.holds(document))
        and (not condition.regex or _compiled(condition.regex).search(document.text) is not None)
    )


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no alphabetic word goes on beyond either end of a match."""
    cut_before = start > 0 and _BORDERED.match(text[start]) and _BORDERED.match(text[start - 1])
    cut_after = end < len(text) and _BORDERED.match(text[end - 1]) and _BORDERED.match(text[end])
    return not cut_before and not cut_after


def _number(value: object) -> float | None:
    try:
        return float(str(value)) if not isinstance(value, bool) else None
    except ValueError:
        return None
