"""Dates, times, weekdays, versions and ordinals, in Chinese and English, each to one form: what says which one, and counts nothing.

Patterns stand from the most specific to the plainest. A day and month in figures (03/04/2024) are kept as written: which is which differs
between countries.
"""

import re
from collections.abc import Callable

from danlu.retrieve.claims.numerals import HAN_NUMERAL, ORDINALS, whole_number
from danlu.retrieve.claims.quantity import ANY_CASE

_CASED = re.ASCII
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?P<month>(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?))\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[5-9]|2[01])\d\d)"
_HAN_SMALL = "[一二三四五六七八九十〇零]{1,3}"
_BARE = r"(?<![\w.,])"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def _month(text: str) -> str:
    return str(_MONTHS.index(text[:3].lower()) + 1)


def _date(match: re.Match[str]) -> tuple[str, ...] | None:
    found = match.groupdict()
    month = found.get("month") or ""
    named = bool(month) and month[0].isascii() and month[0].isalpha()
    if named and not (found.get("day") or found.get("year")) and month in ("May", "March", "Mar"):
        return None
    value = (
        whole_number(found.get("year") or ""),
        _month(month) if named else whole_number(month),
        whole_number(found.get("day") or ""),
    )
    return value if int(value[1] or 1) in range(1, 13) and int(value[2] or 1) in range(1, 32) else None


def _time(match: re.Match[str]) -> tuple[str, ...] | None:
    found = match.groupdict()
    hour = int(whole_number(found["hour"]))
    minute = 30 if found.get("half") else int(whole_number(found.get("minute") or "") or 0)
    half_of_day = (found.get("half_of_day") or "").lower().replace(".", "")
    if half_of_day in ("pm", "下午", "晚上", "傍晚") and hour < 12:
        hour += 12
    if half_of_day in ("am", "凌晨") and hour == 12:
        hour = 0
    return (str(hour), str(minute), str(int(found.get("second") or 0))) if hour <= 24 and minute < 60 else None


def _ordinal(match: re.Match[str]) -> tuple[str, ...] | None:
    word = match["first"] or match["word"]
    value = str(ORDINALS[word.lower()]) if word else whole_number(match["n"] or match["digits"])
    return (value,) if value else None


def _version(match: re.Match[str]) -> tuple[str, ...]:
    return (match["version"].lower(),)


DATED: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], tuple[str, ...] | None]]] = [
    ("date", re.compile(rf"{_BARE}{_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?![\d.]*\d)", _CASED), _date),
    ("date", re.compile(rf"(?P<year>\d{{4}}|[〇零一二三四五六七八九]{{4}})\s?年\s?(?:(?P<month>\d{{1,2}}|{_HAN_SMALL})\s?月(?:份|\s?(?P<day>\d{{1,2}}|{_HAN_SMALL})\s?[日号])?)?(?!以[内上下]|之内|内)", _CASED), _date),
    ("date", re.compile(rf"(?<![\d.])(?P<month>\d{{1,2}}|{_HAN_SMALL})\s?月(?:份|(?:\s?(?P<day>\d{{1,2}}|{_HAN_SMALL})\s?[日号])?)(?!以?内)", _CASED), _date),
    ("date", re.compile(rf"(?:\b{_DAY}(?: of)? )?\b{_MONTH}(?:,? {_YEAR})", _CASED), _date),
    ("date", re.compile(rf"\b{_DAY}(?: of)? {_MONTH}", _CASED), _date),
    ("date", re.compile(rf"\b{_MONTH} {_DAY}\b(?:,? {_YEAR})?", _CASED), _date),
    ("date", re.compile(rf"\b{_MONTH}(?= |[.,;)]|$)", _CASED), _date),
    ("date", re.compile(rf"{_BARE}{_YEAR}-(?P<month>0[1-9]|1[0-2])(?![-\d])", _CASED), _date),
    ("date as written", re.compile(rf"{_BARE}(?P<version>\d{{1,2}}/\d{{1,2}}/\d{{2,4}})(?!\d)", _CASED), _version),
    ("time", re.compile(r"(?:(?P<half_of_day>上午|下午|早上|晚上|中午|凌晨|傍晚)\s?)(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})\s?[点时:](?:(?P<half>半)|(?P<minute>\d{1,2}|[一二三四五六七八九十零〇]{1,3})分?|整)?", _CASED), _time),
    ("time", re.compile(r"(?<![\d.:])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?![\d:])(?:\s?(?P<half_of_day>[ap]\.?m\b\.?))?", ANY_CASE), _time),
    ("time", re.compile(r"(?<![\d.:])(?P<hour>\d{1,2})\s?(?P<half_of_day>[ap]\.?m\b\.?)", ANY_CASE), _time),
    ("time", re.compile(r"(?<![\d.:])(?P<hour>\d{1,2})\s?[点时](?:(?P<half>半)|(?P<minute>\d{1,2})分|整)?(?!\d)", _CASED), _time),
    ("version", re.compile(r"(?<![\w.])v?(?P<version>\d+(?:\.\d+){2,}(?:-?(?:rc|beta|alpha|b|a)\d*)?(?::\d+)?(?:/\d+)?)(?![\w])", ANY_CASE), _version),
    ("version", re.compile(r"(?:(?<=\bversion )|(?<=\brelease )|(?<=版本 )|(?<=版本)|(?<=版本号)|(?<=版本为 )|(?<![\w.])v)(?P<version>\d+(?:\.\d+)*)(?!\.?\d)", ANY_CASE), _version),
    ("version", re.compile(r"(?<![\w.])(?P<version>\d+(?:\.\d+)*)(?=\s?版(?!本?面|权|块|式))", _CASED), _version),
    ("weekday", re.compile(r"\b(?P<en>(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b|(?:周|星期|礼拜)(?P<zh>[一二三四五六日天])", ANY_CASE), lambda m: (str(_WEEKDAYS.index(m["en"].lower()) + 1),) if m["en"] else (str("一二三四五六日天".index(m["zh"]) + 1).replace("8", "7"),)),
    ("ordinal", re.compile(rf"第\s?(?P<n>\d+|{HAN_NUMERAL}+)|\b(?P<digits>\d+)(?:st|nd|rd|th)\b|\b(?:(?<=the )(?P<first>first)|(?P<word>second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))\b", ANY_CASE), _ordinal),
]  # fmt: skip
"""Kind, pattern, and what reads a match: the value as in `Quantity.value`, or None where it is none of the kind."""
