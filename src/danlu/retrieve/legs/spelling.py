"""Words of a question that were misspelt, as the documents write them.

A word is taken for misspelt when no passage holds it and text at large does not either (danlu.text.frequency), so that a rare or
a foreign word that is right stays. It becomes the word of the documents that is one slip of the hand away, two for a word of
nine letters and more, and of several the one that most passages hold. Only passages that the caller may see are asked and counted:
a word that stands in hidden ones alone is neither told nor known.

Chinese words that were typed by their sound are danlu.retrieve.legs.han_spelling's. The price is a question about a name that no
document holds and that looks like one that they do hold: it is asked about the latter, and the answer says so.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.han_spelling import han_slips
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.tables.postings import terms_beginning
from danlu.text.edits import slips, slips_of_starts
from danlu.text.segment import fold, terms

_WORD = re.compile(r"(?<![\w./+:@#-])[A-Za-z][a-z]{4,29}(?![\w+#]|[-./:@]\w)", re.ASCII)
"""Five letters and more, no identifier and no abbreviation: of four letters nearly all are near to some other word."""
_LONG = 9
"""Letters from which a word may be two slips away."""
_SUFFIX = 8
"""Letters by which a term may be shorter: "administration" stands as "administr", and two were put in."""
_MOST_TERMS, _MOST_PASSAGES = 12, 20
"""Terms whose written forms are looked up, and passages of each that are read for them. Of 100,000 passages a misspelt question costs
20 ms at the median, 56 at the 99th percentile (benchmarks/retrieve_latency.py)."""
_MOST_WORDS = 3
"""Of a question: one with more is not misspelt, but in another language."""


@dataclass(frozen=True)
class Spelt:
    """A question as it is searched for."""

    question: str
    changed: tuple[tuple[str, str], ...] = ()
    """Each misspelt word with what it was taken for; empty where nothing was changed."""


def spelt(searcher: Searcher, question: str) -> Spelt:
    """The question with its misspelt words as the documents have them; itself where there are none."""
    slips_of_sound = han_slips(searcher, question)
    for slip in slips_of_sound:  # as long as what it replaces
        question = f"{question[: slip.start]}{slip.meant}{question[slip.start + 2 :]}"
    return _latin_spelt(searcher, Spelt(question, tuple((slip.typed, slip.meant) for slip in slips_of_sound)))


def _latin_spelt(searcher: Searcher, asked: Spelt) -> Spelt:
    question = asked.question
    unknown = _unknown(searcher, question)
    if not 0 < len(unknown) <= _MOST_WORDS:
        return asked
    known = {word: right for word in unknown if (right := _nearest(searcher, word))}
    changed = list(asked.changed)

    def as_known(match: re.Match[str]) -> str:
        right = known.get(match.group().lower())
        if right is None:
            return match.group()
        right = right.capitalize() if match.group()[0].isupper() else right
        changed.append((match.group(), right))
        return right

    return Spelt(_WORD.sub(as_known, question), tuple(changed))


def _unknown(searcher: Searcher, question: str) -> list[str]:
    words = dict.fromkeys(match.group().lower() for match in _WORD.finditer(question))
    stems = {word: terms(word) for word in words}
    every = sorted({stem for found in stems.values() for stem in found})
    if not every:
        return []
    general = searcher.general(every).keys()
    known = general | searcher.seen(set(every) - general).keys()
    return [word for word, found in stems.items() if found and not known.intersection(found)]


def _nearest(searcher: Searcher, word: str) -> str | None:
    most = 2 if len(word) >= _LONG else 1
    written: Counter[tuple[int, str]] = Counter()
    stems = cache(terms)  # of this one word: the same forms stand in most of the passages
    for ids_P, term in _near_terms(searcher, word, most):
        for hit in searcher.passages(ids_P[:: max(1, len(ids_P) // _MOST_PASSAGES)].tolist()[:_MOST_PASSAGES]):
            forms = set(re.findall("[a-z]+", fold(f"{hit.headings}\n{hit.text}")))
            found = {form for form in forms if abs(len(form) - len(word)) <= most and term in stems(form)}
            written.update((len(ids_P), form) for form in found)
    near = [(slips(word, form, most), -holders, -times, form) for (holders, form), times in written.items()]
    best = min((found for found in near if found[0] <= most), default=None)
    return best[-1] if best else None


def _near_terms(searcher: Searcher, word: str, most: int) -> list[tuple[NDArray[np.int64], str]]:
    """Terms whose words may be near, each after the passages that hold it, the nearest first.

    The first two letters are taken for right, swapped or one of them wrong.
    """
    [stem, *_] = terms(word)
    prefixes = {word[:2], word[1] + word[0]}
    found = {
        term
        for prefix in sorted(prefixes)
        for term in terms_beginning(searcher.rows, "words", prefix)
        if term.isascii() and term.isalpha() and -_SUFFIX <= len(term) - len(word) <= most
    }
    found |= searcher.holders(sorted({term for form in _with_other_start(word) for term in terms(form)})).keys()
    letters = {*word, *stem}
    found = {
        term for term in found if len(set(term) - letters) <= most
    }  # each letter of its own is a slip: most end here
    # The least slips to any beginning of the word too: its end may be a suffix that stemming leaves.
    near = [(min(slips(stem, term, most), *slips_of_starts(word, term, most)[1:]), term) for term in sorted(found)]
    terms_near = [term for distance, term in sorted(near) if distance <= most]
    seen = searcher.seen(terms_near)
    return [(seen[term], term) for term in terms_near if term in seen][:_MOST_TERMS]


def _with_other_start(word: str) -> Iterator[str]:
    """The word with a slip in its first two letters."""
    yield word[1:]
    yield word[0] + word[2:]
    for letter in "abcdefghijklmnopqrstuvwxyz":
        yield letter + word
        yield letter + word[1:]
        yield word[0] + letter + word[1:]
        yield word[0] + letter + word[2:]
