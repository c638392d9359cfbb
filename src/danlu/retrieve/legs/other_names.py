"""Other names to search for beside those of a question, from what the documents define (danlu.retrieve.tables.synonyms).

A name is added only where at least as many passages hold it as hold the one that was asked for: who asks in the documents' own words
needs no others, and added to a common name they took the first place from the right passage (LVM: reciprocal rank .61 to .53 on
English manuals; with this rule .60, and .38 to .45 for questions that say "Logical Volume Manager" where the manuals say LVM).
"""

from danlu.retrieve.legs.lexical import Allowed
from danlu.retrieve.tables.postings import Rows, read_postings
from danlu.retrieve.tables.synonyms import defined_names
from danlu.text.segment import terms


def other_names(rows: Rows, question: str, allowed_I: Allowed | None) -> list[str]:
    """Other names for what a question names, from documents that may be seen and as often as these say them."""
    asked = set(terms(question))
    found = dict.fromkeys(
        (name, other)
        for name, other, first in defined_names(rows, question)
        if _may_be_seen(first, allowed_I) and not asked.issuperset(terms(other))
    )
    better = (
        other
        for name, other in found
        if 0 < (count := _holders(rows, other, allowed_I)) and count >= _holders(rows, name, allowed_I)
    )
    return list(dict.fromkeys(better))


def _may_be_seen(id: int, allowed_I: Allowed | None) -> bool:
    return allowed_I is None or (id < len(allowed_I) and bool(allowed_I[id]))


def _holders(rows: Rows, name: str, allowed_I: Allowed | None) -> int:
    """How many passages that may be seen hold every word of a name."""
    wanted = set(terms(name))
    found = read_postings(rows, "words", wanted)
    if len(found) < len(wanted):
        return 0
    held = set.intersection(*(set(ids_P.tolist()) for ids_P, _ in found.values()))
    return sum(_may_be_seen(id, allowed_I) for id in held)
