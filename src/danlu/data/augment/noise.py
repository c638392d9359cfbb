"""Noise as people and machines make it: slips on the keyboard, misread scans, words of equal sound, lost characters, case.

Synthetic noise of known kinds makes a model robust to it (Belinkov and Bisk 2018, arXiv:1711.02173). Every error falls on a word
or character of its own, never on a protected span.
"""

import re
from collections import defaultdict
from functools import cache
from random import Random

from danlu.data.augment.protected import Spans, tagged
from danlu.data.augment.synonyms import some_of
from danlu.text.language import HAN
from danlu.text.offsets import Edit

VERSION = 1

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_WORD = re.compile(r"(?<![\w'’-])[A-Za-z]{4,}(?![\w'’-])")
_LATIN_SCANS = {"rn": "m", "m": "rn", "cl": "d", "d": "cl", "l": "1", "I": "l", "O": "0", "o": "0", "vv": "w", "w": "vv", "h": "b", "e": "c", "S": "5", "B": "8"}  # fmt: skip
_HAN_SCANS = (
    "己已 未末 日曰 土士 人入 大太 天夭 千干 木本 田由 由甲 白自 目且 王玉 我找 候侯 折拆 徙徒 栗粟 戊戍 免兔 乌鸟 今令 斤斥 贝见"
    " 爪瓜 微徵 拔拨 治冶 洒酒 师帅 崇祟 茶荼 券卷 孤狐 盲肓 历厉 风凤 刀力 处外 复夏 官宫 问间 季李 申甲 析折 旅族 特持 待侍 住往"
)
_HAN_LIKE: dict[str, str] = {}
for _pair in _HAN_SCANS.split():
    _HAN_LIKE |= {_pair[0]: _pair[1], _pair[1]: _pair[0]}


def keyboard(text: str, protected: Spans, random: Random, share: float) -> list[Edit]:
    """A letter inside a word is hit beside, twice, or before its neighbour: `share` of the words of four letters and more."""
    edits = []
    for start, word in _free_words(text, protected):
        at = random.randrange(1, len(word) - 1)
        slip = random.choice(("beside", "twice", "swapped"))
        if slip == "swapped" and word[at] != word[at + 1]:
            edits.append(Edit(start + at, start + at + 2, word[at + 1] + word[at], "keyboard slip"))
        else:
            beside = random.choice(_neighbours()[word[at].lower()])
            new = word[at] * 2 if slip == "twice" else beside.upper() if word[at].isupper() else beside
            edits.append(Edit(start + at, start + at + 1, new, "keyboard slip"))
    return some_of(edits, random, round(share * len(edits)))


@cache
def _neighbours() -> dict[str, str]:
    """Keys that touch, row by row; the rows are set off by half a key."""
    found: dict[str, str] = defaultdict(str)
    for y, row in enumerate(_ROWS):
        for x, key in enumerate(row):
            around = [(y, x - 1), (y, x + 1), (y - 1, x), (y - 1, x + 1), (y + 1, x - 1), (y + 1, x)]
            found[key] = "".join(_ROWS[b][a] for b, a in around if 0 <= b < len(_ROWS) and 0 <= a < len(_ROWS[b]))
    return dict(found)


def misread(text: str, protected: Spans, random: Random, share: float) -> list[Edit]:
    """What character recognition confuses: `rn` and `m`, `l` and `1`, 己 and 已."""
    edits = []
    for start, word in _free_words(text, protected):
        places = [(at, form) for form in _LATIN_SCANS for at in range(len(word)) if word.startswith(form, at)]
        if places:
            at, form = random.choice(places)
            edits.append(Edit(start + at, start + at + len(form), _LATIN_SCANS[form], "misread character"))
    edits += [
        Edit(at, at + 1, _HAN_LIKE[character], "misread character")
        for at, character in enumerate(text)
        if character in _HAN_LIKE and not protected.touch(at, at + 1)
    ]
    return some_of(edits, random, round(share * len(edits)))


def homophones(text: str, protected: Spans, random: Random, share: float) -> list[Edit]:
    """A Chinese word becomes another common word of the same pinyin, as an input method offers it."""
    edits = []
    for start, word, _ in tagged(text):
        others = _sounds().get(word, ())
        if others and not protected.touch(start, start + len(word)):
            edits.append(Edit(start, start + len(word), random.choice(others), "word of equal sound"))
    return some_of(edits, random, round(share * len(edits)))


@cache
def _sounds() -> dict[str, tuple[str, ...]]:
    """Common words of two and three characters to the others of the same pinyin without tones."""
    from pypinyin import lazy_pinyin
    from wordfreq import get_frequency_dict

    by_sound: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for word, share in get_frequency_dict("zh", "small").items():
        if share >= 2e-6 and re.fullmatch(f"[{HAN}]{{2,3}}", word):
            by_sound[tuple(lazy_pinyin(word))].append(word)
    return {word: tuple(sorted(set(group) - {word})) for group in by_sound.values() if len(group) > 1 for word in group}


def dropped(text: str, protected: Spans, random: Random, share: float) -> list[Edit]:
    """A character inside a word is lost: the second to last but one of a Latin word, one character of a Han word."""
    edits = []
    for start, word in _free_words(text, protected):
        at = start + random.randrange(1, len(word) - 1)
        edits.append(Edit(at, at + 1, "", "lost character"))
    for start, word, _ in tagged(text):
        if len(word) > 1 and not protected.touch(start, start + len(word)):
            at = start + random.randrange(len(word))
            edits.append(Edit(at, at + 1, "", "lost character"))
    return some_of(edits, random, round(share * len(edits)))


def case(text: str, protected: Spans, random: Random, share: float) -> list[Edit]:
    """English words in capitals, or a sentence that begins small: as in titles and hasty messages."""
    edits = [
        Edit(start, start + len(word), word.lower() if word[0].isupper() else word.upper(), "case")
        for start, word in _free_words(text, protected)
    ]
    return some_of(edits, random, round(share * len(edits)))


def _free_words(text: str, protected: Spans) -> list[tuple[int, str]]:
    return [(match.start(), match.group()) for match in _WORD.finditer(text) if not protected.touch(*match.span())]
