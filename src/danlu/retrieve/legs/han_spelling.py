"""Chinese words of a question that were typed by their sound, as the documents write them: 劝限 for 权限, 登陆 for 登录.

Who types pinyin and takes the wrong word gets characters that exist, so no letter tells the slip. Two neighbouring characters
that no passage holds together do, where two of the same sound are a word of the documents that stands in a passage with something else
of the question. Words that the documents hold are right. A word that text at large or the segmenter's dictionary knows is more likely meant: it gives
way only to one that stands with the rest of the question in several passages, and beside what it then stands beside; so do two
words of one character, and pairs of which both characters change. Only passages that the caller may see are asked.

The price: a word that the documents do hold, but not in this sense, stays; so does a slip of shape (己 for 已) that sounds otherwise.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.claims.content import content_words
from danlu.retrieve.legs.search import Searcher
from danlu.text.han_forms import simplified
from danlu.text.language import HAN
from danlu.text.segment import bigrams, terms
from danlu.text.sounds import sounding_like

_RUN = re.compile(f"[{HAN}]{{2,}}")
_NUMERAL = re.compile("[零〇一二两三四五六七八九十百千万亿几半第]")
"""Typed by their own keys or looked at twice."""
_MOST_HAN = 60
"""Characters: a longer text is pasted, and its slips do not decide what is found."""
_LEAST_BESIDE, _LEAST_BESIDE_IF_BOLD = 1, 3
"""Passages that hold the other word beside something else of the question; more where text at large knows what was typed."""
_LEAST_FOR_COMPOUND = 2
"""Passages: two characters that stand together once may be the end of one word and the beginning of the next."""
_VARIANTS = {
    "登陆": "登录",
    "帐号": "账号",
    "帐户": "账户",
    "帐单": "账单",
    "部份": "部分",
    "图象": "图像",
    "做为": "作为",
    "其它": "其他",
}
"""Written both ways for the same thing, or, as 登陆, so often that documents without it mean the other: nothing beside them has to speak for it."""
_Ids = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Slip:
    """Two characters of a question at `start`, and what they were taken for."""

    start: int
    typed: str
    meant: str
    rank: tuple[int, int, int]
    """The less, the likelier: characters changed, then the passages that hold it with the question, and all, both negative."""


@dataclass(frozen=True)
class _Read:
    """A question cut into words."""

    plain: str
    right: frozenset[int]
    """Places of characters of words that the documents hold, and of function words."""
    known: Mapping[int, int]
    """Places of characters of words that text at large knows, and no document that may be seen; each with where its word begins."""


def han_slips(searcher: Searcher, question: str) -> list[Slip]:
    """The slips of a question, in order; no two overlap."""
    if not 1 < sum(map(len, _RUN.findall(question))) <= _MOST_HAN:
        return []
    read = _read(searcher, simplified(question))
    pairs = dict(_doubtful(read))
    held = searcher.seen(pairs.values(), "bigrams")
    unheld = {start: pair for start, pair in pairs.items() if pair not in held}
    chosen: list[Slip] = []
    if unheld:
        beside = _beside(searcher, read.plain)
        for slip in sorted(
            _meant(searcher, read, unheld, beside), key=lambda slip: (slip.rank, slip.start, slip.meant)
        ):
            if all(abs(slip.start - other.start) > 1 for other in chosen):
                chosen.append(slip)
    return sorted(chosen, key=lambda slip: slip.start)


def _read(searcher: Searcher, plain: str) -> _Read:
    words = [(start, word) for start, word in _words(plain) if len(word) > 1]
    held = searcher.seen([word for _, word in words])
    general = searcher.general([word for _, word in words]) if words else {}
    right = {start + at for start, word in words if word in held or not terms(word) for at in range(len(word))}
    known = {
        start + at: start
        for start, word in words
        if word not in held and (word in general or _in_dictionary(word))
        for at in range(len(word))
    }
    return _Read(plain, frozenset(right), known)


def _in_dictionary(word: str) -> bool:
    import rjieba

    return len(rjieba.cut(word, False)) == 1


def _words(plain: str) -> Iterator[tuple[int, str]]:
    import rjieba

    for run in _RUN.finditer(plain):
        start = run.start()
        for word in rjieba.cut(run.group()):
            yield start, word
            start += len(word)


def _doubtful(read: _Read) -> Iterator[tuple[int, str]]:
    """Pairs of neighbours that are not both of right words, and none of them half of a word that text at large knows."""
    for run in _RUN.finditer(read.plain):
        for start in range(run.start(), run.end() - 1):
            pair = read.plain[start : start + 2]
            whole = read.known.get(start) == read.known.get(start + 1)
            if whole and not {start, start + 1} <= read.right and bigrams(pair) and not _NUMERAL.search(pair):
                yield start, pair


def _meant(searcher: Searcher, read: _Read, pairs: Mapping[int, str], beside: NDArray[np.int64]) -> Iterator[Slip]:
    words = set(_words(read.plain))
    for start, pair in pairs.items():
        ways = [
            letter if start + at in read.right else letter + sounding_like(letter) for at, letter in enumerate(pair)
        ]
        others = {one + other for one, other in product(*ways)}
        one_word = (start, pair) in words
        found = _slips(start, pair, searcher.seen(others), beside)
        likely = [slip for slip in found if _is_likely(searcher, read, slip, one_word)]
        if not likely and one_word and start not in read.known and _is_noun(pair):
            likely = _compounds(start, pair, searcher.seen(others, "bigrams"), beside)
        yield from likely


def _slips(start: int, pair: str, others: _Ids, beside: NDArray[np.int64]) -> list[Slip]:
    found = []
    for other, ids_P in others.items():
        changed = sum(one != two for one, two in zip(pair, other, strict=True))
        found.append(Slip(start, pair, other, (changed, -int(np.isin(ids_P, beside).sum()), -len(ids_P))))
    return found


def _is_likely(searcher: Searcher, read: _Read, slip: Slip, one_word: bool) -> bool:
    changed, together, _ = slip.rank
    if _VARIANTS.get(slip.typed) == slip.meant or _VARIANTS.get(slip.meant) == slip.typed:
        return True
    if changed > 1 and not one_word:
        return False
    two_words = not one_word and not {slip.start, slip.start + 1} & read.right
    bold = changed > 1 or two_words or slip.start in read.known
    return (
        -together >= (_LEAST_BESIDE_IF_BOLD if bold else _LEAST_BESIDE)
        and _is_content(slip.meant)
        and _becomes_a_word(read.plain, slip)
        and (not bold or _has_neighbour(searcher, read.plain, slip))
    )


def _compounds(start: int, pair: str, others: _Ids, beside: NDArray[np.int64]) -> list[Slip]:
    """For what the segmenter takes for an unknown word: the one pair that differs in one character and stands with the question.

    年假 is in no dictionary of the segmenter's, and no word of any passage for it. Where two pairs would do, neither is taken.
    """
    likely = {other: ids_P for other, ids_P in others.items() if len(ids_P) >= _LEAST_FOR_COMPOUND}
    found = [slip for slip in _slips(start, pair, likely, beside) if slip.rank[0] == 1 and slip.rank[1] < 0]
    return found if len(found) == 1 else []


def _becomes_a_word(plain: str, slip: Slip) -> bool:
    """Whether the question with the other pair in it is cut so that the pair is a word or part of one."""
    mended = plain[: slip.start] + slip.meant + plain[slip.start + 2 :]
    return any(at <= slip.start and slip.start + 2 <= at + len(word) for at, word in _words(mended))


def _has_neighbour(searcher: Searcher, plain: str, slip: Slip) -> bool:
    """Whether a changed character stands in the documents beside what it now stands beside in the question."""
    joined = []
    if slip.meant[0] != slip.typed[0]:
        joined += bigrams(plain[max(0, slip.start - 1) : slip.start] + slip.meant[0])
    if slip.meant[1] != slip.typed[1]:
        joined += bigrams(slip.meant[1] + plain[slip.start + 2 : slip.start + 3])
    return bool(searcher.seen(joined, "bigrams"))


def _beside(searcher: Searcher, plain: str) -> NDArray[np.int64]:
    """The passages that hold something of the question."""
    found: list[_Ids] = [searcher.seen(set(terms(plain))), searcher.seen(set(bigrams(plain)), "bigrams")]
    ids = [ids_P for held in found for ids_P in held.values()]
    return np.unique(np.concatenate(ids)) if ids else np.empty(0, dtype=np.int64)


def _is_content(word: str) -> bool:
    """No number, no pronoun, no adverb: 一张 is none."""
    return any(found.start == 0 and found.end == len(word) for found in content_words(word))


def _is_noun(pair: str) -> bool:
    """Whether the tagger takes an unknown pair for a noun; for a number where one begins with a character that counts (年架)."""
    import rjieba

    [(_, tag), *rest] = rjieba.tag(pair)
    return not rest and tag in ("n", "nz", "m")
