"""Sources that contradict each other: two quotes that speak of the same thing and differ in what they say.

Two clauses speak of the same thing when most words of the shorter stand in the other too, or both hold most of the question; and
neither has another name, or another subject, in the place of one of the other's ("the laptop", "the phone"). They differ when one
has another number or date of the same kind, denies what the other says, forbids what it allows, or says the opposite. Of all that
differs the fact that was asked is named, and nothing where that one does not differ. Both sides are shown with the dates of their
documents; which of them is right is not decided here. Within one document only a statement that changes another is told.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from danlu.retrieve.claims.asked_fact import AskedFact
from danlu.retrieve.claims.changes import changes
from danlu.retrieve.claims.clauses import Clause, clauses
from danlu.retrieve.claims.document_dates import DocumentDate, newer
from danlu.retrieve.claims.names import names
from danlu.retrieve.claims.quantity import Quantity
from danlu.retrieve.claims.roles import instead
from danlu.retrieve.claims.tallies import tells
from danlu.retrieve.claims.wording import OPPOSITE
from danlu.text.language import is_chinese
from danlu.text.sentences import sentence_spans

_LEAST_SHARED = 0.6
"""Of the words of the shorter clause."""
_LEAST_OF_LONGER = 0.4
"""Of the words of the longer one: three words of twenty say nothing of what the twenty are about."""
_LEAST_WORDS = 2
_SHORT = 4
"""Words of a clause ("the trial lasts 30 days") that says one thing only: one word in common may be all there is."""
_LEAST_ALIKE = 0.6
"""Of the words of the longer clause, for one that denies the other or says its opposite: a "not" alone differs in too many sentences, so
one must also hold most of the question. Of 687 questions to the handbook example 5 were told of such a contradiction else, all falsely."""
_LEAST_OF_QUESTION = 0.6

_PLACE = re.compile(
    r"\b(?:section|chapter|table|figure|appendix|step|page)\s+[\dA-Z]|第\s*[\d.]+\s*[章节步页条]|[表图]\s*\d|^\s*[(（]?\d{1,2}[.)、）]",
    re.IGNORECASE,
)
"""A number that is a place in a document, and differs between any two."""


@dataclass(frozen=True)
class Quoted:
    """A quote of an answer, and the document that it is from."""

    text: str
    source: str
    date: DocumentDate | None = None


@dataclass(frozen=True)
class Conflict:
    """What two quotes say differently: `quotes[one]` and `quotes[other]`, the change or the newer one first where that is known."""

    one: int
    other: int
    kind: str
    """number, date, negation, opposite or changed."""
    says: str
    but: str


def conflicts(quotes: Sequence[Quoted], question: str) -> list[Conflict]:
    """Every pair of quotes that contradict each other, with the clauses in which they differ in what was asked."""
    asked, found = AskedFact.of(question), []
    for (at, one), (place, other) in combinations(enumerate(quotes), 2):
        clash = _clash(one, other, asked)
        if clash is None:
            continue
        kind, says, but = clash
        later = newer(one.date, other.date)
        first = changes(says, but) if kind == "changed" else later is not False
        if kind == "changed" and later is not None and later != first:
            kind, first = "number", later  # the change is the older one of the two
        found.append(_conflict(at, place, kind, says, but) if first else _conflict(place, at, kind, but, says))
    return found


def _conflict(one: int, other: int, kind: str, says: Clause, but: Clause) -> Conflict:
    return Conflict(one, other, kind, says.text.strip(), but.text.strip())


def _clash(one: Quoted, other: Quoted, asked: AskedFact) -> tuple[str, Clause, Clause] | None:
    """How those clauses differ that are nearest to the question, of all that speak of the same thing."""
    if is_chinese(one.text) != is_chinese(other.text):
        return None  # words of two languages are not compared, and what is left of them, names and numbers, says too little
    pairs = [
        (asked.worth(said, theirs), said, theirs, same)
        for said in _sentence_clauses(one.text)
        for theirs in _sentence_clauses(other.text)
        if (same := _same_thing(said, theirs)) or _both_answer(said, theirs, asked)
    ]
    best = max((worth for worth, *_ in pairs), default=None)
    within = one.source == other.source and one.date == other.date
    for worth, said, theirs, same in pairs:
        if worth != best:
            continue
        kind = _difference(said, theirs, asked, max(worth[0], asked.when))
        answers = same and _alike(said, theirs) and max(_held(said, asked), _held(theirs, asked)) >= _most_of(asked)
        if kind in ("number", "date", "changed") or (kind and answers):
            return (kind, said, theirs) if kind == "changed" or not within else None
    return None


def _both_answer(one: Clause, other: Clause, asked: AskedFact) -> bool:
    """Whether both hold most of the question, or say the same: then the question is answered alike."""
    if one.text.strip() == other.text.strip():
        return True
    held = min(_held(one, asked), _held(other, asked))
    least = 1 if max(len(one.words), len(other.words)) <= _SHORT else _LEAST_WORDS
    return held >= max(least, _most_of(asked)) and not _other_subject(one, other)


def _held(clause: Clause, asked: AskedFact) -> int:
    """How many of the question's words a clause holds."""
    return sum(map(clause.vocabulary.holds, asked.question.words))


def _most_of(asked: AskedFact) -> float:
    return _LEAST_OF_QUESTION * len(asked.question.words)


def _sentence_clauses(text: str) -> Iterator[Clause]:
    for start, end in sentence_spans(text):
        if not _PLACE.search(text[start:end]):
            yield from clauses(text[start:end])


def _same_thing(one: Clause, other: Clause) -> bool:
    shorter, longer = sorted((one, other), key=lambda clause: len(clause.words))
    shared = sum(map(longer.vocabulary.holds, shorter.words))
    least = max(_LEAST_WORDS, _LEAST_SHARED * len(shorter.words), _LEAST_OF_LONGER * len(longer.words))
    return shared >= least and not _other_subject(one, other)


def _alike(one: Clause, other: Clause) -> bool:
    shorter, longer = sorted((one, other), key=lambda clause: len(clause.words))
    return sum(map(longer.vocabulary.holds, shorter.words)) >= _LEAST_ALIKE * len(longer.words)


def _other_subject(one: Clause, other: Clause) -> bool:
    """Whether names differ, or one has another word in the place of the other's, and not its opposite."""
    mine, theirs = ({name.text for name in names(clause.text) if not name.opens} for clause in (one, other))
    if mine - theirs and theirs - mine:
        return True
    swapped = instead(one, other).partition(" / ")
    return bool(swapped[2]) and swapped[2] not in OPPOSITE.get(swapped[0], ()) and not _is_verb_for_verb(one, other)


def _is_verb_for_verb(one: Clause, other: Clause) -> bool:
    """Only what stands last differs ("lasts", "is limited to"): the subject is the same."""
    return bool(one.words and other.words) and one.words[0].key == other.words[0].key


def _difference(one: Clause, other: Clause, asked: AskedFact, least: int) -> str:
    if changes(one, other) or changes(other, one):
        return "changed"
    mine, theirs = _unmatched(one.counted, other.counted), _unmatched(other.counted, one.counted)
    pair = next(((a, b) for a in mine for b in theirs if a.kind == b.kind and asked.fits(a) >= least), None)
    if pair:
        return "date" if pair[0].kind in ("date", "weekday") else "number"
    if one.negations % 2 != other.negations % 2:
        return "negation"
    keys = {word.key for word in other.words}
    words = [word.key for word in one.words if word.key not in keys]
    mine_keys = {word.key for word in one.words}
    return "opposite" if any((OPPOSITE.get(word, frozenset()) & keys) - mine_keys for word in words) else ""


def _unmatched(quantities: Sequence[Quantity], others: Sequence[Quantity]) -> list[Quantity]:
    return [one for one in quantities if not any(tells(other, one) or tells(one, other) for other in others)]


_TEXTS = {
    "en": ("The sources differ: {one} says “{says}”, {other} says “{but}”.", "A later statement changes an earlier one: {one} says “{says}”, {other} said “{but}”.", "{source} ({date})", "{source} (no date)"),
    "zh": ("资料说法不一：{one}写的是“{says}”，{other}写的是“{but}”。", "后来的说法改动了先前的：{one}写的是“{says}”，{other}原先写的是“{but}”。", "{source}（{date}）", "{source}（无日期）"),
}  # fmt: skip


def conflict_note(conflict: Conflict, quotes: Sequence[Quoted], language: str) -> str:
    """One sentence that shows both sides with the dates of their documents, the newer one first where that is known."""
    template = _TEXTS[language][conflict.kind == "changed"]
    one, other = (_named(quotes[at], language) for at in (conflict.one, conflict.other))
    return template.format(
        one=one, other=other, says=conflict.says.rstrip("。.，,；;"), but=conflict.but.rstrip("。.，,；;")
    )


def _named(quote: Quoted, language: str) -> str:
    _, _, dated, undated = _TEXTS[language]
    if quote.date is None:
        return undated.format(source=quote.source)
    return dated.format(source=quote.source, date=quote.date.value)
