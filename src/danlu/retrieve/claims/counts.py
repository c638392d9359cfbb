"""Numbers that count: with units, scales, ranges, percentages and parts, in figures, in Han and in English words."""

import re
from collections.abc import Callable
from decimal import Decimal

from danlu.retrieve.claims.numerals import ENGLISH_NUMERAL, HAN_NUMERAL, english_value, han_value, whole_number
from danlu.retrieve.claims.quantity import ANY_CASE, Quantity, bound, stripped
from danlu.retrieve.claims.units import CLASSIFIERS, CURRENCY, UNIT, unit_of

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALE = r"(?:\s?(?P<scale>万亿|万|亿|千(?!克|米|瓦|赫)|百万|thousand\b|million\b|billion\b))?"
_SCALES = {"万": 10**4, "亿": 10**8, "万亿": 10**12, "千": 10**3, "百万": 10**6, "thousand": 10**3, "million": 10**6, "billion": 10**9}  # fmt: skip
_TO = r"\s?(?:-|~|～|—|–|至|到|to|and)\s?"
DIGIT_NAME = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?=[A-Za-z_])[A-Za-z0-9_]+(?:[-./_][A-Za-z0-9]+)*", re.ASCII)
_UNIT = rf"(?P<gap>\s?-?\s?)(?P<unit>{UNIT})"
_HAN_NUMBER = rf"{HAN_NUMERAL}+(?:点[零一二三四五六七八九]+)?"
_PERCENT_HAN = re.compile(rf"百分之\s?(?P<n>{_NUMBER}|{_HAN_NUMBER})")
_PART_HAN = re.compile(
    rf"(?P<under>{HAN_NUMERAL}+)分之(?P<over>{HAN_NUMERAL}+)|(?<![\d/.])(?P<o>\d{{1,2}})/(?P<u>\d{{1,2}})(?![\d/])"
)
_MONEY = r"(?P<money>US\$|[$€£¥￥]|\b(?:USD|EUR|CNY|RMB)\b)?\s?"
_RANGE = re.compile(
    rf"(?<![\w.]){_MONEY}(?P<minus>(?<![\w)])-)?(?P<low>{_NUMBER})(?:\s?(?P<low_unit>{UNIT}))?{_TO}[$€£¥￥]?(?P<high>{_NUMBER}){_SCALE}(?:{_UNIT})?", ANY_CASE
)  # fmt: skip
_DIGITS = re.compile(rf"(?<![\w.]){_MONEY}(?P<minus>(?<![\w)])-)?(?P<number>{_NUMBER}){_SCALE}(?:{_UNIT})?", ANY_CASE)
_HAN_DIGITS = re.compile(rf"(?P<number>{_HAN_NUMBER})(?P<gap>)(?P<unit>{UNIT})?(?P<half>半)?")
_ENGLISH = re.compile(rf"(?P<number>{ENGLISH_NUMERAL})(?:(?P<gap>[ -])(?P<unit>{UNIT}))?", ANY_CASE)
NOT_COUNTED = re.compile(
    "一(?:些|样|下|定|般|起|旦|直|切|致|律|方面|边|面|旁|并|同|再|经|向|概|共|番|会儿|点儿?)|统一|唯一|单一|同一|(?<![〇零一二两三四五六七八九十百千])(?:万一|十分(?!钟|之)|千万(?![元人美欧吨次个辆]))|百万富翁|之一|逐一|其一|第一时间|不一|一一|万能|千方百计|百科|百度|三明治"
)


def _scaled(number: str, scale: str | None) -> Decimal:
    return Decimal(number.replace(",", "")) * _SCALES.get((scale or "").lower(), 1)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f") if value else "0"


def _unit(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found.get("money"):
        return CURRENCY[found["money"].upper()]
    return (unit_of(found["unit"], not found["gap"]) or "") if found.get("unit") else ""


def _end(match: re.Match[str], unit: str) -> int:
    """Where a number ends: letters behind it that are no unit are not of it."""
    found = match.groupdict()
    if found.get("unit") and not unit and found["unit"] not in CLASSIFIERS:
        return match.start("gap")
    return match.end()


def _read_digits(whole: str, match: re.Match[str]) -> Quantity | None:
    unit = _unit(match)
    start, end = stripped(match)
    end = min(end, _end(match, unit))
    if re.match("[A-Za-z_]", whole[end : end + 1]):
        return None  # 3D, 2FA: a name
    number, scale = match["number"], match["scale"]
    value = _scaled(number, scale) * (-1 if match["minus"] else 1)
    year = re.fullmatch(r"(?:19|20)\d\d", number) and not (scale or unit or match["minus"])
    if year:
        return Quantity("date", (number, "", ""), "", bound(whole, start, end), start, end)
    # Without a unit 3.10 is no 3.1: it may be a version or a section.
    text = number.replace(",", "") if not (unit or scale or match["minus"]) else _plain(value)
    return Quantity("number", (text,), unit, bound(whole, start, end), start, end)


def _read_range(whole: str, match: re.Match[str]) -> Quantity | None:
    unit, low_unit = _unit(match), match["low_unit"]
    if "and" in whole[match.end("low") : match.start("high")] and not re.search(
        r"between\s?[$€£¥]?$", whole[: match.start()], re.IGNORECASE
    ):
        return None
    if low_unit and unit_of(low_unit, attached=False) not in (unit, ""):
        return None
    start, end = stripped(match)
    end = min(end, _end(match, unit))
    low, high = (_plain(_scaled(match[name], match["scale"])) for name in ("low", "high"))
    low = f"-{low}" if match["minus"] else low
    return Quantity("range", (low, high), unit, bound(whole, start, end), start, end)


def _read_han(whole: str, match: re.Match[str]) -> Quantity | None:
    number, unit = match["number"], match["unit"]
    if (not unit and len(number.replace("点", "")) < 2) or (number == "一" and unit in CLASSIFIERS):
        return None  # 一个 is an article
    before, _, after = number.partition("点")
    value = han_value(before)
    if value is None:
        return None
    if after:
        value += Decimal("0." + "".join(str(han_value(char)) for char in after))
    if match["half"]:
        value += Decimal("0.5")
    return Quantity("number", (_plain(value),), _unit(match), bound(whole, *match.span()), *match.span())


def _read_english(whole: str, match: re.Match[str]) -> Quantity | None:
    unit = _unit(match)
    if match["number"].lower() in ("one", "zero") and not unit:
        return None
    start, end = match.start(), min(match.end(), _end(match, unit))
    return Quantity("number", (_plain(english_value(match["number"])),), unit, bound(whole, start, end), start, end)


def _read_percent(whole: str, match: re.Match[str]) -> Quantity | None:
    number = match["n"]
    value = Decimal(number.replace(",", "")) if number[0].isdigit() else han_value(number.partition("点")[0])
    if value is not None and "点" in number:
        value += Decimal("0." + "".join(str(han_value(char)) for char in number.partition("点")[2]))
    return (
        Quantity("number", (_plain(value),), "percent", bound(whole, *match.span()), *match.span())
        if value is not None
        else None
    )


def _read_part(whole: str, match: re.Match[str]) -> Quantity:
    over, under = (
        (match["o"], match["u"]) if match["o"] else (whole_number(match["over"]), whole_number(match["under"]))
    )
    return Quantity("part", (over, under), "", bound(whole, *match.span()), *match.span())


COUNTED: list[tuple[re.Pattern[str], Callable[[str, re.Match[str]], Quantity | None]]] = [
    (_PERCENT_HAN, _read_percent),
    (_PART_HAN, _read_part),
    (_RANGE, _read_range),
    (_DIGITS, _read_digits),
    (DIGIT_NAME, lambda _, __: None),
    (NOT_COUNTED, lambda _, __: None),
    (_HAN_DIGITS, _read_han),
    (_ENGLISH, _read_english),
]
"""What is tried in this order; None where a match counts nothing."""
