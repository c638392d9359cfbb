"""The content words of a text in order and in place: what a sentence is about, for comparing it with a source.

Han is cut and tagged by rjieba (tags of ICTCLAS: nr people, ns places, nt organisations, nz other names); other words are those of
danlu.text.segment, stemmed. Function words, numbers and adverbs carry no content here: quantities and clauses read them.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from danlu.retrieve.claims.quantities import LONGEST_REMEMBERED, half_width, quantities
from danlu.text.language import HAN
from danlu.text.segment import TOKEN, fold, terms

_HAN = re.compile(f"[{HAN}]")
_NO_CONTENT = ("p", "c", "u", "y", "m", "q", "x", "r", "d", "e", "o", "w", "zg", "k", "h")
_FUNCTION = frozenset("是 有 为 在 到 于 由 被 把 将 让 使 会 能 可 可以 应 应当 应该 需 须 需要 必须 要 请 请勿 进行 时 时候 情况 方式 后 前 以后 之后 以前 之前 以上 以下 以内 内 中 上 下 里 没有 不得 禁止 允许 可能 建议 之一 即可 并用 并在 版本 满 不满 不足 超过 低于 高于 少于 多于 大于 小于 早于 晚于".split())  # fmt: skip
_NAMES = ("nr", "ns", "nt", "nz")
_PRONOUNS = frozenset(("one", "ones", "someon", "anyon", "there", "thing", "someth", "version"))
_IRREGULAR = {
    form: verb
    for verb, forms in (
        pair.split(":")
        for pair in """keep:kept pay:paid send:sent run:ran give:gave,given take:took,taken write:wrote,written make:made get:got,gotten hold:held
 leave:left lose:lost buy:bought sell:sold build:built begin:began,begun choose:chose,chosen find:found bring:brought know:knew,known
 show:shown go:went,gone come:came see:saw,seen say:said tell:told think:thought lead:led meet:met spend:spent teach:taught wear:wore,worn
 break:broke,broken drive:drove,driven fall:fell,fallen rise:rose,risen grow:grew,grown speak:spoke,spoken mean:meant become:became
 child:children person:people man:men woman:women foot:feet""".split()
    )
    for form in forms.split(",")
}
"""English forms that no stemmer joins."""


@dataclass(frozen=True)
class Word:
    """A content word at `text[start:end]`."""

    key: str
    """Folded, and stemmed where it is English: two forms of a word have one key."""
    start: int
    end: int
    han: bool
    name: bool
    """A Han word that the tagger holds for a person, a place or an organisation."""


def content_words(text: str) -> tuple[Word, ...]:
    """The content words of a text, in order, without what its numbers and dates consist of."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _content_words(text)


@lru_cache(maxsize=4096)  # the clauses of one passage are read for each sentence that cites it
def _remembered(text: str) -> tuple[Word, ...]:
    return _content_words(text)


def _content_words(text: str) -> tuple[Word, ...]:
    plain = half_width(text)
    counted = [(found.start, found.end) for found in quantities(plain)]
    return tuple(
        word for word in _words(plain) if not any(start < word.end and word.start < end for start, end in counted)
    )


def _words(text: str) -> Iterator[Word]:
    for match in TOKEN.finditer(text):
        if _HAN.match(match.group()):
            yield from _han_words(match.group(), match.start())
            continue
        word = match.group()
        label = len(word) == 1 and word.isupper() and word != "I" and match.start() > 0
        found = word.lower() if label else key_of(word)
        if found and not word.isdigit() and found not in _PRONOUNS:
            yield Word(found, match.start(), match.end(), han=False, name=False)


def key_of(word: str) -> str:
    """The key of one Latin word; empty for a function word."""
    return next(iter(terms(_IRREGULAR.get(word.lower(), word))), "")


def _han_words(run: str, at: int) -> Iterator[Word]:
    import rjieba

    for word, tag in rjieba.tag(run):
        start, at = at, at + len(word)
        if (
            (not tag.startswith(_NO_CONTENT) or word.startswith("每") or word == "通过")
            and word not in _FUNCTION
            and terms(word)
        ):
            name = tag.startswith(_NAMES) and len(word) > 1
            yield Word(fold(word), start, at, han=True, name=name)


@dataclass(frozen=True)
class Vocabulary:
    """What a text holds, for asking whether a word stands there in any form."""

    # Stems, and single capitals, which are labels ("cleaner A").
    keys: Collection[str]
    folded: str

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of a text: stems of its Latin words, and the text itself for Han."""
        irregular = {key_of(word) for word in re.findall("[A-Za-z]+", text) if word.lower() in _IRREGULAR}
        labels = {letter.lower() for letter in re.findall(r"(?<=.)(?<![A-Za-z0-9])[A-HJ-Z](?![A-Za-z0-9])", text)}
        return cls(irregular | labels | set(terms(text)), fold(text))

    def holds(self, word: Word) -> bool:
        """Whether the word stands there; a Han word wherever its characters do, since cuts differ with what stands beside."""
        return word.key in self.folded if word.han else word.key in self.keys
