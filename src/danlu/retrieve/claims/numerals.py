"""Numbers written in words: Chinese numerals (三十, 一万二, 二〇二四) and English ones (thirty-five)."""

import re
from decimal import Decimal

_DIGITS = {char: at for at, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
HAN_NUMERAL = "[〇零一二两三四五六七八九十百千万亿]"
_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: at for at, word in enumerate(_SMALL_WORDS)} | {word: 20 + 10 * at for at, word in enumerate(_TENS)}
_MULTIPLES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_SIMPLE = "|".join(sorted(_VALUES, key=len, reverse=True))
_MULTIPLE = "|".join(_MULTIPLES)
ENGLISH_NUMERAL = rf"\b(?:(?:a )?(?:{_MULTIPLE})|(?:{_SIMPLE})(?:[- ](?:{_SIMPLE}))?(?: (?:{_MULTIPLE}))*)\b"
ORDINALS = {
    word: at for at, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}


def han_value(text: str) -> Decimal | None:
    """The value of a Chinese numeral; None when it is none, such as 万一."""
    if not re.search("[十百千万亿]", text):
        return Decimal("".join(str(_DIGITS[char]) for char in text)) if text else None
    total = section = digit = 0
    last = 1
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
            last = 10 if char in "零〇" else last
        elif char in _POWERS:
            section += (digit or 1) * _POWERS[char]
            digit, last = 0, _POWERS[char]
        else:
            if not section + digit:
                return None
            total = (total + section + digit) * _LARGE[char]
            section, digit, last = 0, 0, _LARGE[char]
    return Decimal(total + section + digit * (last // 10 if last > 10 else 1))  # 一万二 is 12,000


def english_value(text: str) -> Decimal:
    """The value of an English numeral that ENGLISH_NUMERAL matched."""
    value = 0
    for word in re.split(r"[- ]+", text.lower()):
        if word in _MULTIPLES:
            value = (value or 1) * _MULTIPLES[word]
        elif word != "a":
            value += _VALUES[word]
    return Decimal(value)


def whole_number(text: str) -> str:
    """The value of figures or of a Chinese numeral, in plain figures; empty where it is none."""
    if not text:
        return ""
    if text[0].isdigit():
        return str(int(text))
    value = han_value(text)
    return "" if value is None else str(value)
