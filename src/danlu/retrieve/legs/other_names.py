"""Other names to search for beside those of a question, from what the documents define (danlu.retrieve.tables.synonyms).

A name is added only where at least as many passages hold it as hold the one that was asked for: who asks in the documents' own words
needs no others, and added to a common name they took the first place from the right passage (LVM: reciprocal rank .61 to .53 on
English manuals; with this rule .60, and .38 to .45 for questions that say "Logical Volume Manager" where the manuals say LVM).
Only passages that may be seen are counted, and only definitions that may be seen are read.

Letters in shapes: I ids, P postings, H passages that hold a name.
"""

import numpy as np

from danlu.retrieve.legs.lexical import Allowed
from danlu.retrieve.tables.postings import Rows, read_postings
from danlu.retrieve.tables.synonyms import defined_names
from danlu.text.segment import terms


def other_names(rows: Rows, question: str, allowed_I: Allowed | None) -> list[str]:
    """Other names for what a question names, from documents that may be seen and as often as these say them."""
    asked = set(terms(question))
    found = [pair for pair in defined_names(rows, question, allowed_I) if not asked.issuperset(terms(pair[1]))]
    holders = {name: _holders(rows, name, allowed_I) for name in dict.fromkeys(name for pair in found for name in pair)}
    better = (other for name, other in found if 0 < holders[other] and holders[other] >= holders[name])
    return list(dict.fromkeys(better))


def _holders(rows: Rows, name: str, allowed_I: Allowed | None) -> int:
    """How many passages that may be seen hold every word of a name."""
    wanted = set(terms(name))
    found = sorted((ids_P for ids_P, _ in read_postings(rows, "words", wanted).values()), key=len)
    if not found or len(found) < len(wanted):
        return 0
    held_H, *others = found
    for ids_P in others:
        has_I = np.zeros(int(held_H.max(initial=0)) + 1, dtype=bool)
        has_I[ids_P[ids_P < len(has_I)]] = True
        held_H = held_H[has_I[held_H]]
    if allowed_I is None:
        return len(held_H)
    return int(allowed_I[held_H[held_H < len(allowed_I)]].sum())
