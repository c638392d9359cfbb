"""The one tokenisation that every rule, index and statistic shares. Its version enters the identity of their stages.

- Latin and other alphabetic words: runs of letters, digits and `_`, case folded; identifiers joined by `-./+:@#` are
  one token beside their parts (`apt-get` gives `apt-get`, `apt`, `get`), so that exact names are found. In `terms` what `_` joins
  and what capitals join has its parts too (`max_tokens`, `getUserName`).
- Han: words of the segmenter (rjieba in search mode: a long word also gives the words inside it), and every pair of
  neighbours (bigrams) for what the dictionary does not know. In `terms` and `bigrams` traditional characters count as simplified.
- English words are stemmed (Snowball) in `terms`; `words` leaves them whole.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import Any

from danlu.text.han_forms import simplified
from danlu.text.language import HAN

VERSION = 4
LIBRARIES = ("PyStemmer", "rjieba", "wordfreq")
"""What a stage that cuts words names among its own (Stage.libraries); wordfreq has the table of traditional characters."""

TOKEN = re.compile(f"[{HAN}]+|[^\\W{HAN}]+(?:[-./+:@#]+[^\\W{HAN}]+)*[+#]*")
"""A run of Han, still to be cut, or one alphabetic token."""
_HAN = re.compile(f"[{HAN}]")
_HAN_RUN = re.compile(f"[{HAN}]{{2,}}")
_FIRST_HAN = HAN[0]
"""Every character below is none: most words are told from Han by their first letter alone."""
_PART = re.compile("[-./+:@#_]+")
_ALPHANUMERIC = re.compile("[A-Za-z0-9]+")
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z](?![0-9]))")
"""Between the parts of `getUserName`, `X509Certificate` and `XMLHttp`. A small letter before a digit is a version's: `IPv6`, `TLSv1`."""
_MOST_HUMPS = 5
"""Of one name: what has more is no name, but a key or a picture in base64."""
_ENGLISH_STOP_WORDS = frozenset(
    "a an and are as at be been being but by can could did do does doing for from had has have having he her him his how"
    " i if in into is it its may me might more most my no nor not of on or our ours shall she should so some such than"
    " that the their them then there these they this those to too very was we were what when where which while who whom"
    " whose why will with would you your".split()
)
_CHINESE_STOP_WORDS = frozenset(
    "的 了 是 在 和 与 或 及 也 都 而 就 并 且 但 被 把 将 对 从 到 为 于 以 之 其 这 那 该 此 有 没有 我 你 您 他 她 它 我们 你们 他们"
    " 吗 呢 吧 啊 么 什么 怎么 怎样 如何 为什么 哪些 哪个 哪 谁 多少 几 可以 能 能够 会 应该 应 要 请 请问 一个 一些 不 中 上 下 里 等 等等"
    " 为何 何时 哪里 哪儿 怎么样 怎么办 怎样才能 几个 几天 几次 几点 多久 多长 多大 是不是 能不能 可不可以 有没有 要不要 会不会 行不行 是否 能否 可否".split()
)

_FUNCTION_CHARACTERS = frozenset("的了是么吗呢吧什")
"""Han characters that only join words: a pair with one of them says nothing about a text."""


def fold(text: str) -> str:
    """Width and case folded away (NFKC, lower case): for comparing, never for showing."""
    return unicodedata.normalize("NFKC", text).lower()


def words(text: str) -> list[str]:
    """Alphabetic tokens and Han words, folded, with stop words and without stemming; words inside words come first."""
    return list(_cut(fold(text)))


def terms(text: str) -> list[str]:
    """Index terms in order: words and parts of identifiers, English stemmed, stop words left out; parts of camelCase names last."""
    return list(chain.from_iterable(map(_terms_of, chain(_cut(simplified(fold(text))), _humps(text)))))


def bigrams(text: str) -> list[str]:
    """Every pair of neighbouring Han characters, but for pairs with a function character and stop words."""
    return [
        pair
        for run in _HAN_RUN.findall(simplified(fold(text)))
        for first, second in pairwise(run)
        if first not in _FUNCTION_CHARACTERS
        and second not in _FUNCTION_CHARACTERS
        and (pair := first + second) not in _CHINESE_STOP_WORDS
    ]


def han_characters(text: str) -> frozenset[str]:
    """The distinct Han characters, but for those that are stop words or only join words."""
    return frozenset(_HAN.findall(fold(text))) - _FUNCTION_CHARACTERS - _CHINESE_STOP_WORDS


def _cut(folded: str) -> Iterator[str]:
    for token in TOKEN.findall(folded):
        if token[0] >= _FIRST_HAN and _HAN.match(token):
            yield from _cut_han(token)
        else:
            yield token


def _humps(text: str) -> Iterator[str]:
    """The parts of two letters and more of every camelCase name, folded."""
    if _HUMP.search(text):
        for name in _ALPHANUMERIC.findall(text):
            parts = _HUMP.split(name)
            if 1 < len(parts) <= _MOST_HUMPS + 1:
                yield from (part.lower() for part in parts if len(part) > 1)


@lru_cache(maxsize=200_000)  # a text says most of its words again and again: three times as fast on English
def _terms_of(token: str) -> tuple[str, ...]:
    if _HAN.match(token):
        return () if token in _CHINESE_STOP_WORDS else (token,)
    parts = [part for part in _PART.split(token) if part]
    whole = [token] if len(parts) != 1 or token != parts[0] else []
    return (*whole, *(str(_stemmer().stemWord(part)) for part in parts if part not in _ENGLISH_STOP_WORDS))


def _cut_han(run: str) -> list[str]:
    import rjieba

    cut: list[str] = rjieba.cut_for_search(run)
    return cut


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")
