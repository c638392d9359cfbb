"""Clauses of a sentence: what each says, how often it denies, what it counts, and whether two are at odds (danlu.retrieve.claims.modality)."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from danlu.retrieve.claims.content import Vocabulary, Word, content_words
from danlu.retrieve.claims.modality import NEGATIVE, marks_of
from danlu.retrieve.claims.quantities import LONGEST_REMEMBERED, quantities
from danlu.retrieve.claims.quantity import Quantity

_FIRST_WORD = re.compile(r"\s*(?:please |then |first,? )?([A-Za-z]+) ", re.IGNORECASE)
_AND = re.compile(r"\band\b|并且?|及|、|和", re.IGNORECASE)
_SPLIT = re.compile(
    r"[，；;。！？!?（）()\n\t]|,(?!\d)|[:：](?=\s|[^\d/\s])(?!//)|\.(?=\s|$)|\b(?:but|while|whereas|although|though|unless|because|so that|however)\b"
    "|(?:但是?|然而|而(?:且|是)?(?=[^且]{2})|因为|所以|因此|否则|除非)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clause:
    """A part of a sentence, at `text[start:end]` of the whole."""

    text: str
    start: int
    end: int

    @cached_property
    def words(self) -> list[Word]:
        """Its content words, in order, without what the lexicon took; places are the clause's own."""
        taken = [(start, end) for _, start, end in self.marks]
        return [
            word
            for word in content_words(self.text)
            if not any(start < word.end and word.start < end for start, end in taken)
        ]

    @cached_property
    def marks(self) -> list[tuple[str, int, int]]:
        """What the lexicon finds: name and place, but for neutral ones."""
        return [mark for mark in marks_of(self.text) if mark[0] != "neutral"]

    @cached_property
    def kinds(self) -> Counter[str]:
        """How often each kind of mark stands there."""
        return Counter(name for name, _, _ in self.marks)

    @cached_property
    def counted(self) -> tuple[Quantity, ...]:
        """Its numbers and dates."""
        return quantities(self.text)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What it holds."""
        return Vocabulary.of(self.text)

    @property
    def negations(self) -> int:
        """How often it denies. Two are no yes: "without a badge nobody enters" denies two things."""
        return sum(self.kinds[name] for name in NEGATIVE)

    @property
    def is_instruction(self) -> bool:
        """Whether it looks like an imperative: it begins with a bare verb, or with 请 or 先, and has no must or may."""
        if _any(self.kinds, "must", "need", "should", "may", "can", "might"):
            return False
        first = _FIRST_WORD.match(self.text)
        if first is None:
            return bool(re.match(r"\s*(?:请|先)", self.text))
        word = first[1].lower()
        return bool(self.words) and self.words[0].start == first.start(1) and not re.search("(?:s|ing|ed)$", word)

    def denied(self) -> list[tuple[str, ...]]:
        """Of each plain denial the content words that follow it, three at most."""
        places = [end for name, _, end in self.marks if name in ("deny", "forbid", "exempt")]
        return [tuple(word.key for word in self.words if word.start >= place)[:3] for place in places]


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a sentence, in order; one without content words joins the one before it, or the next."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _clauses(text)


@lru_cache(maxsize=4096)  # as for quantities
def _remembered(text: str) -> tuple[Clause, ...]:
    return _clauses(text)


def _clauses(text: str) -> tuple[Clause, ...]:
    cuts = [0]
    for match in _SPLIT.finditer(text):
        word = match.group().strip(",;:.，；：。！？!?（）()\n\t ")
        cuts.append(match.start() if word else match.end())
    cuts.append(len(text))
    made: list[Clause] = []
    open_at: int | None = None
    for start, end in pairwise(cuts):
        begin = start if open_at is None else open_at
        if not text[begin:end].strip():
            continue
        if content_words(text[start:end]):
            made.append(Clause(text[begin:end], begin, end))
            open_at = None
        elif made:
            made[-1] = Clause(text[made[-1].start : end], made[-1].start, end)
        else:
            open_at = begin
    return tuple(part for clause in made for part in _at_and(clause)) or (Clause(text, 0, len(text)),)


def _at_and(clause: Clause) -> list[Clause]:
    """The halves of "A takes 2 days and B takes 5": both count something."""
    for match in _AND.finditer(clause.text):
        before, after = clause.text[: match.start()], clause.text[match.start() :]
        if (
            quantities(before)
            and quantities(after)
            and not any(found.start < match.end() and match.start() < found.end for found in quantities(clause.text))
        ):
            cut = clause.start + match.start()
            return [Clause(before, clause.start, cut), *_at_and(Clause(after, cut, clause.end))]
    return [clause]


def at_odds(said: Clause, source: Clause) -> str:
    """Why two clauses that speak of the same thing say different things of it; empty when nothing tells.

    Weaker is allowed where it stays true ("must" said as "need to"), stronger never is.
    """
    mine, theirs = said.kinds, source.kinds
    if said.negations != source.negations:
        return "negation"
    if (mine["exempt"] and theirs["forbid"]) or (mine["forbid"] and theirs["exempt"]):
        return "modality"
    if said.negations and source.negations and not _deny_the_same(said, source):
        return "negation"
    if (mine["before"] and theirs["after"] and not theirs["before"]) or (
        mine["after"] and theirs["before"] and not theirs["after"]
    ):
        return "opposite"
    if mine["must"] and source.is_instruction:
        return ""
    return _modality(mine, theirs) or _scope(mine, theirs)


def _deny_the_same(said: Clause, source: Clause) -> bool:
    mine, theirs = said.denied(), source.denied()
    if not any(mine) or not any(theirs):
        return True
    return any(set(one) & set(other) for one in mine for other in theirs)


def _modality(mine: Counter[str], theirs: Counter[str]) -> str:
    sure = {"must", "need", "forbid"}
    if mine["must"] and not (theirs["must"] or theirs["need"] or theirs["exempt"] or theirs["forbid"]):
        return "modality"
    if mine["need"] and _any(theirs, "may", "might", "can", "should") and not _any(theirs, *sure, "exempt"):
        return "modality"
    if mine["should"] and _any(theirs, "may", "might", "can") and not _any(theirs, *sure, "should"):
        return "modality"
    if mine["should"] and theirs["must"] and not theirs["should"]:
        return "modality"
    if (
        _any(mine, "may", "can", "might")
        and _any(theirs, "must", "should", "need")
        and not _any(theirs, "may", "can", "might")
    ):
        return "modality"
    return "certainty" if theirs["might"] and not _any(mine, "might", "may") else ""


def _scope(mine: Counter[str], theirs: Counter[str]) -> str:
    if mine["only"] and not theirs["only"]:
        return "only"
    if mine["all"] and not theirs["all"]:
        return "all"
    return "some" if theirs["some"] and not mine["some"] else ""


def _any(kinds: Counter[str], *names: str) -> bool:
    return any(kinds[name] for name in names)
