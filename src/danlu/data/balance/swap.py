"""Counterfactual augmentation: a document told of the other gender, or of another place, with everything that must agree.

Lu et al. 2018 (arXiv:1807.11714); names: Hall Maudslay et al. 2019 (arXiv:1909.00871). Code, numbers, addresses and titles of works stay
as they are. `her` is read by the word after it, `a` and `an` follow the new word, and Chinese is swapped word by word, so that
其他 and 吉他 keep their 他. Chinese given names are left alone: most of them do not tell.
"""

import re
from collections.abc import Iterator
from functools import cache

from danlu.data.augment.protected import Spans, fact_spans
from danlu.data.augment.protected import tagged as tagged_words
from danlu.text.offsets import Edit
from danlu.text.records import Document

VERSION = 1
KINDS = ("gender", "names", "places")

_EN_GENDER = (
    "he she, himself herself, man woman, men women, boy girl, boys girls, male female, males females, father mother, fathers mothers,"
    " dad mom, daddy mommy, son daughter, sons daughters, brother sister, brothers sisters, husband wife, husbands wives, uncle aunt,"
    " uncles aunts, nephew niece, king queen, prince princess, gentleman lady, gentlemen ladies, grandfather grandmother, grandson"
    " granddaughter, actor actress, actors actresses, waiter waitress, hero heroine, policeman policewoman, businessman businesswoman,"
    " chairman chairwoman, salesman saleswoman, spokesman spokeswoman, boyfriend girlfriend, groom bride, widower widow, sir madam"
)
_EN_TITLES = {"Mr": "Ms", "Mrs": "Mr", "Ms": "Mr"}
_EN_NAMES = (
    "James Mary, John Patricia, Robert Jennifer, Michael Linda, William Elizabeth, David Barbara, Richard Susan, Joseph Jessica, Thomas"
    " Sarah, Charles Karen, Daniel Lisa, Matthew Nancy, Anthony Betty, Mark Margaret, Donald Sandra, Steven Ashley, Paul Kimberly, Andrew"
    " Emily, Kevin Donna, Brian Michelle, George Carol, Edward Amanda, Peter Anna, Tom Alice, Bob Jane, Jack Emma"
)
_ZH_GENDER = (
    "他 她, 他们 她们, 男 女, 男人 女人, 男性 女性, 男士 女士, 男孩 女孩, 男生 女生, 男子 女子, 男孩子 女孩子, 父亲 母亲, 爸爸 妈妈, 爸 妈, 儿子 女儿,"
    " 哥哥 姐姐, 弟弟 妹妹, 兄弟 姐妹, 丈夫 妻子, 老公 老婆, 爷爷 奶奶, 外公 外婆, 叔叔 阿姨, 先生 女士, 小伙子 姑娘, 男友 女友, 男朋友 女朋友, 新郎 新娘, 国王 女王"
)
_PLACES = (
    ("France French Paris 法国 巴黎", "Germany German Berlin 德国 柏林"),
    ("Japan Japanese Tokyo 日本 东京", "Korea Korean Seoul 韩国 首尔"),
    ("Britain British London 英国 伦敦", "Canada Canadian Ottawa 加拿大 渥太华"),
    ("Brazil Brazilian Brasília 巴西 巴西利亚", "Mexico Mexican Mexico_City 墨西哥 墨西哥城"),
    ("Italy Italian Rome 意大利 罗马", "Spain Spanish Madrid 西班牙 马德里"),
    ("Shanghai 上海", "Guangzhou 广州"),
    ("Sichuan 四川", "Henan 河南"),
)
_WORD = re.compile(r"[A-Za-zÀ-ÿ]+")
_NO_NOUN = frozenset(
    "and or but for to in on at of by with from as if when while because that than then so is was were are be been had has have will"
    " would can could should may might must not also again home here there now today yesterday tomorrow back up down away off out"
    " over the a an this these those it they we you i he she about into after before until since yet how why what who where his her my your our their its".split()
)
"""Words after `her` that show it to be `him` and not `his`."""
_ARTICLES = {"a": "an", "an": "a", "A": "An", "An": "A"}


def swaps(document: Document, kinds: tuple[str, ...]) -> list[Edit]:
    """The edits that swap a document, in order; empty where nothing is to be swapped."""
    code = ((block.start, block.end) for block in document.blocks if block.kind == "code")
    protected = Spans.of([*code, *fact_spans(document.text)])
    found = _chinese(document.text, kinds) if document.language == "zh" else _english(document.text, kinds)
    edits = [edit for edit in found if not protected.touch(edit.start, edit.end)]
    return sorted(edits, key=lambda edit: edit.start) if document.language in ("zh", "en") else []


def _english(text: str, kinds: tuple[str, ...]) -> Iterator[Edit]:
    words = list(_WORD.finditer(text))
    for at, match in enumerate(words):
        after = words[at + 1] if at + 1 < len(words) else None
        new, kind = _english_word(match.group(), text[match.end() :], after.group() if after else "", kinds)
        if not new:
            continue
        before = words[at - 1] if at else None
        if (
            before
            and before.group() in _ARTICLES
            and text[before.end() : match.start()].isspace()
            and _article_changes(match.group(), new)
        ):
            yield Edit(*before.span(), _ARTICLES[before.group()], f"swapped {kind}")
        yield Edit(*match.span(), new, f"swapped {kind}")


def _english_word(word: str, rest: str, after: str, kinds: tuple[str, ...]) -> tuple[str, str]:
    """The word to take its place and the kind of swap; both empty when it stays."""
    if "gender" in kinds:
        new = (
            _EN_TITLES.get(word, "")
            or _pronoun(word, rest, after)
            or _as_written(_english_table().get(word.lower(), ""), word)
        )
        if new:
            return new, "gender"
    for kind, table in (("names", _names()), ("places", _places())):
        if kind in kinds and word in table:
            return table[word], kind
    return "", ""


def _pronoun(word: str, rest: str, after: str) -> str:
    lower = word.lower()
    possessed = bool(after) and rest[:1] == " " and rest[1:2].isalpha() and after.lower() not in _NO_NOUN
    forms = {"him": "her", "his": "her" if possessed else "hers", "her": "his" if possessed else "him", "hers": "his"}
    return _as_written(forms.get(lower, ""), word)


def _as_written(new: str, like: str) -> str:
    if not new:
        return ""
    return new.upper() if like.isupper() and len(like) > 1 else new.capitalize() if like[0].isupper() else new


def _article_changes(old: str, new: str) -> bool:
    return _begins_with_vowel(old) != _begins_with_vowel(new)


def _begins_with_vowel(word: str) -> bool:
    """By sound, as far as these tables need it: `an heiress`, `a university`."""
    lower = word.lower()
    return lower[0] in "aeiou" and not lower.startswith(("uni", "use", "usu", "eu", "one"))


def _chinese(text: str, kinds: tuple[str, ...]) -> Iterator[Edit]:
    table = _chinese_table() if "gender" in kinds else {}
    for start, word, _ in tagged_words(text):
        if word in table:
            yield Edit(start, start + len(word), table[word], "swapped gender")
    if "places" in kinds:
        for match in _chinese_places().finditer(text):
            yield Edit(*match.span(), _places()[match.group()], "swapped places")


def _both_ways(pairs: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for pair in pairs.split(","):
        one, other = pair.split()
        table |= {one: other, other: one}
    return table


@cache
def _english_table() -> dict[str, str]:
    return _both_ways(_EN_GENDER)


@cache
def _chinese_table() -> dict[str, str]:
    return _both_ways(_ZH_GENDER)


@cache
def _names() -> dict[str, str]:
    return _both_ways(_EN_NAMES)


@cache
def _places() -> dict[str, str]:
    table: dict[str, str] = {}
    for one, other in _PLACES:
        for a, b in zip(one.split(), other.split(), strict=True):
            table |= {a: b.replace("_", " "), b.replace("_", " "): a}
    return table


@cache
def _chinese_places() -> re.Pattern[str]:
    """Place names by their characters: the segmenter joins two of them into one word."""
    names = sorted((name for name in _places() if re.match("[\u4e00-\u9fff]", name)), key=len, reverse=True)
    return re.compile("|".join(names))
