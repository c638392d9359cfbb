"""Names that must stand in a source as they stand in an answer: people, products, commands, paths, packages, addresses.

In English a capital tells a name, but for the first word of a sentence, which is one only where the source does not hold the word
and it is none of those that instructions begin with. In Chinese text every Latin word is one, and what the tagger calls a person,
a place or an organisation.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from danlu.retrieve.claims.content import Vocabulary, content_words
from danlu.retrieve.claims.quantities import half_width, quantities
from danlu.text.language import is_chinese
from danlu.text.segment import fold, terms

_LATIN = re.compile(
    r"`(?P<code>[^`\n]+)`|https?://[^\s，。；、)]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w/])(?:~|\.{1,2})?/[\w.+*/-]*[\w*]"
    r"|(?<![\w-])--?[A-Za-z][\w-]*|\w+(?:[-./_:+@#&]+\w+)*(?:\+\+|#(?!\w))?",
    re.ASCII,
)
_STARTERS = frozenset(
    """a an the this that these those it its they he she we you i there here to for from in on at by with without within of as if when
 while where after before during until since because although though unless once both either each every all some any most many no not
 only also however therefore thus then next first second third finally use using run open close click press type enter select choose
 install remove delete add create make set change check see read write save copy move start stop restart turn go keep put take give get
 do does don let ensure verify note please yes according under over between what which who how why one two three four five another other
 such same more less new old please contact call ask submit send follow avoid never always must may can should wear wait work staff
 employees users customers data files""".split()
)
_NO_NAMES = frozenset("i ok pc am pm a.m p.m usd cny eur rmb monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december".split())  # fmt: skip
_SENTENCE_START = re.compile(r"(?:^|[.!?。！？:：]\s*|\n\s*(?:[-*•]\s*)?|[\"“(（]\s*)$")


@dataclass(frozen=True)
class Name:
    """A name at `text[start:end]`."""

    text: str
    start: int
    end: int
    opens: bool
    """It begins a sentence, so that its capital says nothing."""
    exact: bool
    """A path, an option or an address: its case counts."""
    han: bool


def names(text: str) -> list[Name]:
    """The names of a text, in order."""
    plain = half_width(text)
    counted = [(found.start, found.end) for found in quantities(text)]
    chinese = is_chinese(plain)
    found = [name for match in _LATIN.finditer(plain) for name in _latin(plain, match, chinese, counted)]
    found += [Name(word.key, word.start, word.end, False, False, True) for word in content_words(plain) if word.name]
    return sorted(found, key=lambda name: name.start)


def _latin(text: str, match: re.Match[str], chinese: bool, counted: Collection[tuple[int, int]]) -> list[Name]:
    start, end = match.span("code") if match["code"] else match.span()
    word = text[start:end]
    exact = bool(match["code"]) or word[0] in "/~-." or "://" in word or "@" in word
    opens = bool(_SENTENCE_START.search(text[:start]))
    if word.endswith("'s"):
        word, end = word[:-2], end - 2
    if any(start < to and at < end for at, to in counted) or word.lower() in _NO_NAMES or word.isdigit():
        return []
    shaped = exact or _is_identifier(word)
    capital = word[0].isupper() and not (opens and word.lower() in _STARTERS)
    if not (shaped or capital or (chinese and (len(word) > 1 or word.isupper()))):
        return []
    return [Name(word, start, end, opens and not shaped, exact, False)]


def _is_identifier(word: str) -> bool:
    return (
        any(char.isdigit() for char in word)
        or bool(re.search(r"[_./:@#+]|[a-z][A-Z]|^[A-Z][A-Z]|-", word))
        or (len(word) == 1 and word.isupper() and word not in "IA")
    )


def missing(name: Name, source: str, vocabulary: Vocabulary) -> bool:
    """Whether the source does not hold a name. `source` is as `half_width` gives it, `vocabulary` is its own.

    A compound of plain words ("up-to-date") is there when its words are; a first word when any form of it is.
    """
    if name.exact:
        return not _stands_in(name.text, source)
    if name.han:
        return name.text not in vocabulary.folded
    folded = fold(name.text)
    if _stands_in(folded, vocabulary.folded) or (folded.endswith("s") and _stands_in(folded[:-1], vocabulary.folded)):
        return False
    if name.opens:
        return not set(terms(name.text)) <= set(vocabulary.keys)
    if "-" in folded and folded.replace("-", "").isalpha():
        return folded.replace("-", " ") not in vocabulary.folded and folded.replace("-", "") not in vocabulary.folded
    return not _stands_in(folded + "s", vocabulary.folded)


def _stands_in(name: str, source: str) -> bool:
    """As a whole: python3 does not stand in python3.11, nor /etc in /etc/passwd."""
    at = source.find(name)
    while at >= 0:
        before, after = source[max(0, at - 2) : at], source[at + len(name) : at + len(name) + 2]
        joined_before = re.search(r"[A-Za-z0-9_]$|[A-Za-z0-9_][-./:@]$|[/-]$", before) and name[0] not in "-`"
        joined_after = re.match(r"[A-Za-z0-9_]|[-./:@+#][A-Za-z0-9_]|\+\+", after)
        if not joined_before and not joined_after:
            return True
        at = source.find(name, at + 1)
    return False
