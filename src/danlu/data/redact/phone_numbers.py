"""Pseudonyms of telephone numbers: country code, area or segment, and grouping stay; the subscriber is drawn.

A telephone number has no check digit and no free corner: one that comes out may be somebody's.
"""

import re
from collections.abc import Iterator

from danlu.data.redact.shape import characters, shaped
from danlu.text.pii.places import country_codes

_NUMERALS = "零一二三四五六七八九"
_ABROAD = re.compile(r"\(?(?:\+ ?|00)")
_MAINLAND = re.compile(r"^(?:00)?86(?=1?0?[1-9])")
_EXTENSION = re.compile(r" ?(?:转|轉|ext\.?|x|分机)", re.IGNORECASE)


def mobile(value: str, draw: Iterator[int]) -> str:
    """Country code and the three digits of the segment stay."""
    if not re.search("[0-9]", value):
        return value[:3] + "".join(_NUMERALS[next(draw) % 10] if c not in " -" else c for c in value[3:])
    own = characters(value)
    return shaped(value, draw, keep=len(own) - 11 + 3)


def landline(value: str, draw: Iterator[int]) -> str:
    """Country code, area, and the first digit of the subscriber, which tells exchanges from services, stay."""
    own = characters(_EXTENSION.split(value)[0])
    country = _MAINLAND.match(own) if _ABROAD.match(value) else None
    begin = country.end() if country else 0
    zero = begin + (own[begin] == "0")
    area = 2 if own[zero] in "12" else 3
    return _with_extension(value, draw, zero + area + 1)


def abroad(value: str, draw: Iterator[int]) -> str:
    """The country code and two digits behind it stay, which are the area or the network; in North America area and one digit."""
    own = characters(value)
    start = _ABROAD.match(value)
    if not start:
        has_one = own[0] == "1"  # 1-415-555-2671
        return _with_extension(value, draw, has_one + (4 if own[has_one] != "0" else 3))
    begin = 2 if start[0].endswith("00") else 0
    code = next((size for size in (3, 2, 1) if own[begin : begin + size] in country_codes()), 2)
    return _with_extension(value, draw, begin + code + (4 if own[begin : begin + code] == "1" else 2))


def _with_extension(value: str, draw: Iterator[int], keep: int) -> str:
    """`转 801` and `ext. 5` say what the digits behind them are: those letters stay, their digits are drawn."""
    word = _EXTENSION.search(value)
    if word is None:
        return shaped(value, draw, keep)
    return shaped(value[: word.start()], draw, keep) + word[0] + shaped(value[word.end() :], draw)
