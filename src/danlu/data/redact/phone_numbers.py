"""Pseudonyms of telephone numbers: country code, area or segment, and grouping stay; the subscriber is drawn.

A telephone number has no check digit and no free corner: one that comes out may be somebody's. An extension is drawn apart, so that a
number is the same with and without one.
"""

import re
from collections.abc import Iterator

from danlu.data.redact.shape import characters, shaped
from danlu.text.pii.phones import LANDLINE, NUMERALS
from danlu.text.pii.places import country_codes

_NUMERALS = "零一二三四五六七八九"
_ABROAD = re.compile(r"\(?(?:\+ ?|00)")
_MAINLAND = re.compile(r"^(?:00)?86(?=1?0?[1-9])")
_EXTENSION = re.compile(r" ?(?:转|轉|ext\.?|x|分机)", re.IGNORECASE)
_OPTIONAL_ZERO = "(0)"
"""What is dialled within the country only: `+44 (0)20 …`."""
_NORTH_AMERICAN = re.compile(r"[2-9]\d{2}[2-9]\d{6}")


def parted(kind: str, value: str) -> tuple[str, str]:
    """A telephone number and its extension with the word or hyphen before it; any other value, and nothing."""
    landline = LANDLINE.fullmatch(value) if kind == "landline_phone" else None
    if landline and landline["extension"]:
        return value[: landline.start("extension")], landline["extension"]
    word = _EXTENSION.search(value) if kind in ("landline_phone", "international_phone") else None
    return (value[: word.start()], value[word.start() :]) if word else (value, "")


def read_mobile(value: str) -> str:
    """Eleven digits, also of Chinese numerals."""
    return characters("".join(NUMERALS.get(c, c) for c in value))[-11:]


def read_landline(value: str) -> str:
    """Area without 0, and subscriber."""
    match = LANDLINE.fullmatch(value)
    return characters(match["area"]).removeprefix("0") + characters(match["number"]) if match else characters(value)


def read_abroad(value: str) -> str:
    """Country code and number; the national form alone where the country is not said, and is not of North America."""
    own, start = characters(value.replace(_OPTIONAL_ZERO, "")), _ABROAD.match(value)
    if start:
        return own.removeprefix("00") if start[0].endswith("00") else own
    return "1" + own if _NORTH_AMERICAN.fullmatch(own) else own


def mobile(value: str, draw: Iterator[int]) -> str:
    """Country code and the three digits of the segment stay."""
    if not re.search("[0-9]", value):
        return value[:3] + "".join(_NUMERALS[next(draw) % 10] if c not in " -" else c for c in value[3:])
    own = characters(value)
    return shaped(value, draw, keep=len(own) - 11 + 3)


def landline(value: str, draw: Iterator[int]) -> str:
    """Country code, area, and the first digit of the subscriber, which tells exchanges from services, stay."""
    own = characters(value)
    country = _MAINLAND.match(own) if _ABROAD.match(value) else None
    begin = country.end() if country else 0
    zero = begin + (own[begin] == "0")
    area = 2 if own[zero] in "12" else 3
    return shaped(value, draw, zero + area + 1)


def abroad(value: str, draw: Iterator[int]) -> str:
    """The country code and two digits behind it stay, which are the area or the network; in North America area and one digit."""
    own = characters(value)
    start = _ABROAD.match(value)
    if not start:
        has_one = own[0] == "1"  # 1-415-555-2671
        return shaped(value, draw, has_one + (4 if own[has_one] != "0" else 3))
    begin = 2 if start[0].endswith("00") else 0
    code = next((size for size in (3, 2, 1) if own[begin : begin + size] in country_codes()), 2)
    behind = (4 if own[begin : begin + code] == "1" else 2) + (_OPTIONAL_ZERO in value)
    return shaped(value, draw, begin + code + behind)
