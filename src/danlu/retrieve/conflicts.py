"""Sources that contradict each other: two quotes of different documents that speak of the same thing and differ in what they say.

Two clauses speak of the same thing when most words of the shorter stand in the other too, or both hold most of the question; and
neither has another name, or another subject, in the place of one of the other's ("the laptop", "the phone"). They differ when one
has another number or date of the same kind, denies what the other says, forbids what it allows, or says the opposite. Both are
shown with the dates of their documents; which of them is right is not decided here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from danlu.retrieve.clauses import Clause, clauses
from danlu.retrieve.content import Vocabulary, content_words
from danlu.retrieve.document_dates import DocumentDate, newer
from danlu.retrieve.names import names
from danlu.retrieve.order import instead
from danlu.retrieve.quantities import Quantity
from danlu.retrieve.tallies import tells
from danlu.retrieve.wording import OPPOSITE
from danlu.text.sentences import sentence_spans

_LEAST_SHARED = 0.6
"""Of the words of the shorter clause."""
_LEAST_WORDS = 2
_LEAST_OF_QUESTION = 0.6


@dataclass(frozen=True)
class Quoted:
    """A quote of an answer, and the document that it is from."""

    text: str
    source: str
    headings: str = ""
    date: DocumentDate | None = None


@dataclass(frozen=True)
class Conflict:
    """What two quotes say differently: `quotes[one]` and `quotes[other]`, the newer one first where that is known."""

    one: int
    other: int
    kind: str
    """number, date, negation or opposite."""
    says: str
    but: str
    newer_known: bool


def conflicts(quotes: Sequence[Quoted], question: str) -> list[Conflict]:
    """Every pair of quotes of different sources that contradict each other, with the first clauses in which they do."""
    found = []
    for (at, one), (place, other) in combinations(enumerate(quotes), 2):
        if one.source == other.source and one.date == other.date:
            continue
        clash = _clash(one, other, question)
        if clash is None:
            continue
        kind, says, but = clash
        first = newer(one.date, other.date)
        found.append(
            Conflict(place, at, kind, but, says, True)
            if first is False
            else Conflict(at, place, kind, says, but, first is True)
        )
    return found


def _clash(one: Quoted, other: Quoted, question: str) -> tuple[str, str, str] | None:
    asked = content_words(question)
    for said in _sentence_clauses(one.text):
        for theirs in _sentence_clauses(other.text):
            if not _same_thing(said, theirs):
                about = Vocabulary.of(f"{one.headings} {said.text}"), Vocabulary.of(f"{other.headings} {theirs.text}")
                held = [sum(map(vocabulary.holds, asked)) / max(len(asked), 1) for vocabulary in about]
                if min(held) < _LEAST_OF_QUESTION or _other_subject(said, theirs):
                    continue
            kind = _difference(said, theirs)
            if kind:
                return kind, said.text.strip(), theirs.text.strip()
    return None


def _sentence_clauses(text: str) -> Iterator[Clause]:
    for start, end in sentence_spans(text):
        yield from clauses(text[start:end])


def _same_thing(one: Clause, other: Clause) -> bool:
    shorter, longer = sorted((one, other), key=lambda clause: len(clause.words))
    shared = sum(map(longer.vocabulary.holds, shorter.words))
    return shared >= max(_LEAST_WORDS, _LEAST_SHARED * len(shorter.words)) and not _other_subject(one, other)


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


def _difference(one: Clause, other: Clause) -> str:
    mine, theirs = _unmatched(one.counted, other.counted), _unmatched(other.counted, one.counted)
    pair = next(((a, b) for a in mine for b in theirs if a.kind == b.kind), None)
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
    "en": ("The sources differ: {one} says “{says}”, {other} says “{but}”.", "{source} ({date})", "{source} (no date)", "collected {date}"),
    "zh": ("资料说法不一：{one}写的是“{says}”，{other}写的是“{but}”。", "{source}（{date}）", "{source}（无日期）", "{date} 收录"),
}  # fmt: skip


def conflict_note(conflict: Conflict, quotes: Sequence[Quoted], language: str) -> str:
    """One sentence that shows both sides with the dates of their documents, the newer one first where that is known."""
    template = _TEXTS[language][0]
    one, other = (_named(quotes[at], language) for at in (conflict.one, conflict.other))
    return template.format(
        one=one, other=other, says=conflict.says.rstrip("。.，,；;"), but=conflict.but.rstrip("。.，,；;")
    )


def _named(quote: Quoted, language: str) -> str:
    _, dated, undated, collected = _TEXTS[language]
    if quote.date is None:
        return undated.format(source=quote.source)
    date = collected.format(date=quote.date.value) if quote.date.origin == "collected" else quote.date.value
    return dated.format(source=quote.source, date=date)
