"""Two small changes that keep nearly all words: one put in another's place, and two that changed places.

Replaced: an answer has a new word just where the source has another, between the same neighbours. Changed about: the words of a
sentence stand in the order of the source, but for two ("the tenant pays the landlord"). Where only the voice differs, order says
nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from danlu.retrieve.claims.clauses import Clause, clauses
from danlu.retrieve.claims.content import Word
from danlu.retrieve.claims.evidence import Scope
from danlu.retrieve.claims.wording import SAME

_PASSIVE = re.compile(r"\bby\b|被|由|受到|受")
_JOINS = re.compile(r"(?:\b(?:and|but|or)|并且?|而且|且)\s*$", re.IGNORECASE)
_PARTICLE = re.compile(r"\b(?:by|from)\b|[向由被给](?![于下来求])", re.IGNORECASE)


def replaced(said: Sequence[Clause], scope: Scope) -> str:
    """What a clause has between two words where its nearest source has other words; empty when no clause does."""
    return next((found for clause in said if (found := instead(clause, scope.nearest(clause)))), "")


def instead(said: Clause, source: Clause) -> str:
    """What one clause has in the place of another's words; empty when nothing."""
    mine, theirs = _marked(said, source), _marked(source, said)
    return _other_between(mine, theirs) or _other_word(mine, theirs)


@dataclass(frozen=True)
class _Key:
    key: str
    shared: bool
    """The other side holds it."""
    joined: bool = False
    """Right behind an "and": what stands before it belongs to another predicate."""


Marked = list[_Key]
_END = _Key("", True)


def _marked(clause: Clause, other: Clause) -> Marked:
    """Words, and the numbers that both sides have."""
    keys = {word.key for word in other.words}
    found = [
        (
            word.start,
            _Key(word.key, word.key in keys or (word.han and other.vocabulary.holds(word)), _is_joined(clause, word)),
        )
        for word in clause.words
    ]
    counted = {(one.kind, one.value) for one in other.counted}
    found += [(one.start, _Key(f"#{one.value}", True)) for one in clause.counted if (one.kind, one.value) in counted]
    return [key for _, key in sorted(found, key=lambda pair: pair[0])]


def _is_joined(clause: Clause, word: Word) -> bool:
    return bool(_JOINS.search(clause.text[: word.start]))


def _gaps(marked: Marked) -> Iterator[tuple[_Key, tuple[str, ...], _Key]]:
    """Runs of words that the other side lacks, with the shared word on either side; of an edge the key is empty."""
    left = _END
    run: list[str] = []
    for one in [*marked, _END]:
        if not one.shared:
            run.append(one.key)
            continue
        yield left, tuple(run), one
        left, run = one, []


def _other_between(mine: Marked, theirs: Marked) -> str:
    for left, run, right in _gaps(mine):
        if not run or not (left.key or right.key):
            continue
        for other_left, other_run, other_right in _gaps(theirs):
            if not left.key and other_right.joined and not right.joined:
                continue
            same_place = (left.key, right.key) == (other_left.key, other_right.key)
            if other_run and same_place and not _same(run, other_run):
                return f"{' '.join(run)} / {' '.join(other_run)}"
    return ""


def _other_word(mine: Marked, theirs: Marked) -> str:
    """A word that the source lacks there, between two neighbours that hold one other word in the source: "systemctl reload x"."""
    between = {
        (left.key, right.key): word.key for left, word, right in zip(theirs, theirs[1:], theirs[2:], strict=False)
    }
    for left, word, right in zip(mine, mine[1:], mine[2:], strict=False):
        other = between.get((left.key, right.key), word.key)
        if not word.shared and other != word.key and not _same((word.key,), (other,)):
            return f"{word.key} / {other}"
    return ""


def _same(run: Sequence[str], other: Sequence[str]) -> bool:
    """Whether each word of the shorter run has one of its meaning in the other: "doctors receive" is not "nurses get"."""
    shorter, longer = sorted((run, other), key=len)
    return all(any(word in SAME.get(key, ()) for word in longer) for key in shorter)


def changed_about(said: Sequence[Clause], scope: Scope) -> str:
    """Two words that changed places, when putting them back gives the order of the source; empty when none did."""
    party = _other_party(said, scope)
    if party:
        return party
    text = "".join(clause.text for clause in said)
    for sentence in scope.sentences:
        if bool(_PASSIVE.search(text)) != bool(_PASSIVE.search(sentence.text)):
            continue
        theirs = [word.key for clause in clauses(sentence.text) for word in clause.words]
        mine = [word.key for clause in said for word in clause.words if theirs.count(word.key) == 1]
        mine = [key for key in mine if mine.count(key) == 1]
        order = [theirs.index(key) for key in mine]
        pair = _one_swap(_blocks(order))
        if pair:
            return f"{mine[order.index(pair[0])]} / {mine[order.index(pair[1])]}"
    return ""


def _other_party(said: Sequence[Clause], scope: Scope) -> str:
    """A word of the source behind by, from, 向 or 由, where the source has others behind them."""
    for clause in said:
        for particle, mine in sorted(_parties(clause).items()):
            others = [one for one in scope.sentence_clauses if particle in _parties(one)]
            theirs = _parties(max(others, key=lambda one: _shared(clause, one)))[particle] if others else mine
            wrong = (mine - theirs) & scope.held
            if wrong and not mine & theirs:
                return f"{particle} {min(wrong)}"
    return ""


def _shared(said: Clause, source: Clause) -> int:
    return sum(map(source.vocabulary.holds, said.words))


def _parties(clause: Clause) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _PARTICLE.finditer(clause.text):
        behind = next((word.key for word in clause.words if word.start >= match.end()), "")
        found.setdefault(match.group().strip().lower(), set()).add(behind)
    return found


def _blocks(order: list[int]) -> list[int]:
    """The first place of each run that stands in the same order on both sides: "the night nurse" is one party."""
    ranks = {place: rank for rank, place in enumerate(sorted(order))}
    return [place for at, place in enumerate(order) if not at or ranks[place] != ranks[order[at - 1]] + 1]


def _one_swap(order: list[int]) -> tuple[int, int] | None:
    """The two that changed places around something between them; neighbours do so in any other voice or stress."""
    wrong = [at for at, (is_at, should) in enumerate(zip(order, sorted(order), strict=True)) if is_at != should]
    return (order[wrong[0]], order[wrong[1]]) if len(wrong) == 2 and wrong[1] > wrong[0] + 1 else None
