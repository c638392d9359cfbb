"""English variants of a sentence that say the same: contractions, passive voice, clefts.

A clause is turned only when it is all of the sentence and of the one shape that cannot be misread: `The scheduler starts the
job.` with a verb of the table below. What looks like a clause and is not turned is counted as abstained.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from danlu.data.augment.protected import Spans
from danlu.text.offsets import Edit
from danlu.text.sentences import sentence_spans

VERSION = 1

_CONTRACTIONS = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't", "was not": "wasn't",
    "were not": "weren't", "cannot": "can't", "could not": "couldn't", "should not": "shouldn't", "would not": "wouldn't",
    "will not": "won't", "has not": "hasn't", "have not": "haven't", "had not": "hadn't", "must not": "mustn't",
    "you are": "you're", "they are": "they're", "we are": "we're", "you will": "you'll", "it will": "it'll",
    "they will": "they'll", "we will": "we'll", "you have": "you've", "we have": "we've", "they have": "they've", "I am": "I'm",
}  # fmt: skip
_EXPANSIONS = {short: long for long, short in _CONTRACTIONS.items()}
_LONG = re.compile(r"\b(" + "|".join(_CONTRACTIONS) + r")\b(?! to\b)(?=\s+[A-Za-z])", re.IGNORECASE)
_SHORT = re.compile(r"\b(" + "|".join(map(re.escape, _EXPANSIONS)).replace("'", "['’]") + r")\b", re.IGNORECASE)
_QUESTION_BEFORE = re.compile(r"(?:^|[.?!,;:]\s+|\b(?:why|how|what|when|and|but|so)\s+)$", re.IGNORECASE)

_VERBS = (
    "accepts accepted, adds added, allows allowed, applies applied, blocks blocked, builds built, calls called, changes changed,"
    " checks checked, closes closed, collects collected, contains contained, controls controlled, converts converted, copies copied,"
    " creates created, defines defined, deletes deleted, describes described, detects detected, determines determined,"
    " displays displayed, enables enabled, executes executed, generates generated, handles handled, holds held,"
    " installs installed, loads loaded, manages managed, measures measured, modifies modified, moves moved, opens opened,"
    " owns owned, parses parsed, performs performed, prints printed, processes processed, produces produced, protects protected,"
    " provides provided, reads read, receives received, records recorded, rejects rejected, removes removed, renames renamed,"
    " replaces replaced, represents represented, restarts restarted, runs run, selects selected, sends sent, sets set, shows shown,"
    " specifies specified, starts started, stops stopped, stores stored, supports supported, updates updated, uses used,"
    " validates validated, verifies verified, writes written"
)
_PARTICIPLES = dict(pair.split() for pair in _VERBS.split(", "))
_PAST = {
    participle: participle for participle in _PARTICIPLES.values() if participle.endswith("ed")
} | {"built": "built", "held": "held", "sent": "sent", "wrote": "written", "ran": "run", "showed": "shown"}  # fmt: skip
_NOUN = r"(?:the|a|an|each|every|this|that)\s+(?:[a-z]+\s+){1,3}?"
_CLAUSE = re.compile(
    rf"(?P<subject>{_NOUN})(?P<verb>{'|'.join(sorted({*_PARTICIPLES, *_PAST}))})\s+(?P<object>(?:the|a|an|each|every|this)(?:\s+[a-z]+){{1,3}})\.",
    re.IGNORECASE,
)
_BREAKS = frozenset(
    "of in on at to for from with by as when if that which who and or but not is are was were be been has have had can will may"
    " into onto over under after before while than then so only also never always it they them its their".split()
)
"""Words that would make a noun phrase more than a noun phrase."""


@dataclass(frozen=True)
class _Clause:
    subject: str
    verb: str
    object: str


def contractions(text: str, protected: Spans) -> Iterator[Edit]:
    """`do not` to `don't` in a text that has none, and `don't` to `do not` everywhere in a text that has some."""
    expand = _SHORT.search(text) is not None
    for match in (_SHORT if expand else _LONG).finditer(text):
        found = match.group().replace("’", "'")
        if not expand and "NOT" in found:  # an emphasised NOT
            continue
        if expand and _inverted(text, match):
            continue
        new = (_EXPANSIONS if expand else _CONTRACTIONS)[_key(found)]
        if not protected.touch(*match.span()):
            yield Edit(*match.span(), new[0].upper() + new[1:] if found[0].isupper() else new, "contraction")


def _key(found: str) -> str:
    lower = found.lower()
    return "I" + lower[1:] if lower in ("i am", "i'm") else lower


def _inverted(text: str, match: re.Match[str]) -> bool:
    """`Don't you ...`, `why isn't the ...`: expanded word by word these are no English."""
    before = _QUESTION_BEFORE.search(text[max(match.start() - 20, 0) : match.start()])
    follows = re.match(r"\s+(?:you|it|they|we|he|she|the|this|that|there)\b", text[match.end() :])
    return match.group().lower().endswith("t") and before is not None and follows is not None


def clauses(text: str, protected: Spans) -> Iterator[tuple[Edit | None, str]]:
    """For every sentence that has the shape of a plain clause: (edit, form), or (None, form) where it is left alone."""
    for number, (start, end) in enumerate(sentence_spans(text)):
        match = _CLAUSE.fullmatch(text, start, end)
        if match is None or protected.touch(start, end):
            continue
        form = ("passive", "cleft")[number % 2]
        clause = _read(match)
        yield (
            (Edit(start, end, _passive(clause) if form == "passive" else _cleft(clause), form) if clause else None),
            form,
        )


def _read(match: re.Match[str]) -> _Clause | None:
    subject, verb, object = match["subject"].strip(), match["verb"].lower(), match["object"]
    nouns = [*subject.lower().split()[1:], *object.lower().split()[1:]]
    plural = any(
        phrase.split()[-1].endswith("s") and not phrase.endswith(("ss", "us", "is")) for phrase in (subject, object)
    )
    if plural or _BREAKS.intersection(nouns) or any(word.endswith("ly") for word in nouns):
        return None
    return _Clause(subject, verb, object)


def _passive(clause: _Clause) -> str:
    was = "is" if clause.verb in _PARTICIPLES else "was"
    participle = _PARTICIPLES.get(clause.verb) or _PAST[clause.verb]
    return f"{_capital(clause.object)} {was} {participle} by {_small(clause.subject)}."


def _cleft(clause: _Clause) -> str:
    return f"It {'is' if clause.verb in _PARTICIPLES else 'was'} {_small(clause.subject)} that {clause.verb} {clause.object}."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _small(text: str) -> str:
    return text[0].lower() + text[1:]
