"""How far a clause is what a question asks for: which of several facts that differ between two sources is the one to name.

A clause is worth the words of the question that it holds; a number that the question names counts for three, and another word in the place
of one of the question's (doctors for nurses) takes off more than one. "When" is answered by a date, or else by a span of time.
"""

import re
from dataclasses import dataclass

from danlu.retrieve.claims.clauses import Clause
from danlu.retrieve.claims.quantity import Quantity
from danlu.retrieve.claims.roles import instead
from danlu.retrieve.claims.tallies import tells

_WHEN = re.compile(
    r"\b(?:when|(?:what|which) (?:date|day|time|month|year)|how (?:late|early|soon))\b"
    "|什么(?:时候|时间|日期)|何[时日]|哪[一]?[天日年月]|几[号点月]|多久[之以]?[前后内]",
    re.IGNORECASE,
)
_TIMES = ("date", "date as written", "weekday", "time")
_SPANS = ("s", "min", "h", "day", "workday", "calendar day", "week", "month", "quarter", "year")

_NUMBER = 3
"""Words that a number of the question counts for: it alone tells the clause for ten years from its neighbours."""
_OTHER_IN_PLACE = 1.5
"""More than "per shift" beside it holds of the question, and less than two words."""

Worth = tuple[int, float]
"""How far it tells a time, where one is asked for, and how much of the question it holds."""


@dataclass(frozen=True)
class AskedFact:
    """A question, as clauses are held against it."""

    question: Clause
    when: bool

    @classmethod
    def of(cls, question: str) -> "AskedFact":
        """The fact that a question asks for."""
        return cls(Clause(question, 0, len(question)), bool(_WHEN.search(question)))

    def worth(self, *clauses: Clause) -> Worth:
        """What clauses that speak of the same thing are worth together; the greater, the nearer."""
        told = min(max(map(self.fits, clause.counted), default=0) for clause in clauses)
        return told, sum(map(self._held, clauses))

    def fits(self, quantity: Quantity) -> int:
        """How well a number or date answers "when"; 0 for all where that is not asked."""
        return self.when * (2 * (quantity.kind in _TIMES) or int(quantity.unit in _SPANS))

    def _held(self, clause: Clause) -> float:
        words = sum(map(clause.vocabulary.holds, self.question.words))
        numbers = sum(any(tells(one, asked) for one in clause.counted) for asked in self.question.counted)
        return words + _NUMBER * numbers - _OTHER_IN_PLACE * bool(instead(clause, self.question))
