"""What a text counts and dates: numbers with units, ranges, percentages, dates, times, versions; zh and en to one form.

Patterns are tried from the most specific to the plainest, and what one has taken no other sees, so that the 3 of 2024-03-05 is
never a number by itself. Bounds follow the Civil Code of China, article 1259: 以上, 以下, 以内 and 届满 include the number; 不满,
超过 and 以外 do not.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from danlu.retrieve.claims.numerals import ENGLISH_NUMERAL, HAN_NUMERAL, ORDINALS, english_value, han_value
from danlu.retrieve.claims.units import CLASSIFIERS, CURRENCY, UNIT, WORD_UNIT, unit_of

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2013: 0x2D, 0x2212: 0x2D, 0xA0: 0x20}


def half_width(text: str) -> str:
    """Full-width Latin letters, digits and marks as plain ones, dashes as hyphens; the length stays."""
    return text.translate(_WIDE)


@dataclass(frozen=True)
class Quantity:
    """A number or a date, at `text[start:end]`."""

    kind: str
    """number, range, date, time, version, ordinal."""
    value: tuple[str, ...]
    """Canonical: of a date year, month, day, each empty where unsaid."""
    unit: str
    bound: str
    """<, <=, >, >= or about, before, after, until; empty for the number itself."""
    start: int
    end: int


_CASED, _ANY_CASE = re.ASCII, re.ASCII | re.IGNORECASE
"""ASCII, so that a number right behind a Han character begins a word."""
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?P<month>(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?))\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:1[5-9]|2[01])\d\d)"
_HAN_SMALL = "[一二三四五六七八九十〇零]{1,3}"
_BARE = r"(?<![\w.,])"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALE = r"(?:\s?(?P<scale>万亿|万|亿|千(?!克|米|瓦|赫)|百万|thousand\b|million\b|billion\b))?"
_SCALES = {"万": 10**4, "亿": 10**8, "万亿": 10**12, "千": 10**3, "百万": 10**6, "thousand": 10**3, "million": 10**6, "billion": 10**9}  # fmt: skip
_TO = r"\s?(?:-|~|～|—|–|至|到|to|and)\s?"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


def _int(text: str) -> str:
    if not text:
        return ""
    if text[0].isdigit():
        return str(int(text))
    value = han_value(text)
    return "" if value is None else str(value)


def _month(text: str) -> str:
    return str(_MONTHS.index(text[:3].lower()) + 1)


def _date(match: re.Match[str]) -> tuple[str, ...] | None:
    found = match.groupdict()
    month = found.get("month") or ""
    named = bool(month) and month[0].isascii() and month[0].isalpha()
    if named and not (found.get("day") or found.get("year")) and month in ("May", "March", "Mar"):
        return None
    value = (_int(found.get("year") or ""), _month(month) if named else _int(month), _int(found.get("day") or ""))
    return value if int(value[1] or 1) in range(1, 13) and int(value[2] or 1) in range(1, 32) else None


def _time(match: re.Match[str]) -> tuple[str, ...] | None:
    found = match.groupdict()
    hour = int(_int(found["hour"]))
    minute = 30 if found.get("half") else int(_int(found.get("minute") or "") or 0)
    half_of_day = (found.get("half_of_day") or "").lower().replace(".", "")
    if half_of_day in ("pm", "下午", "晚上", "傍晚") and hour < 12:
        hour += 12
    if half_of_day in ("am", "凌晨") and hour == 12:
        hour = 0
    return (str(hour), str(minute), str(int(found.get("second") or 0))) if hour <= 24 and minute < 60 else None


def _ordinal(match: re.Match[str]) -> tuple[str, ...] | None:
    word = match["first"] or match["word"]
    value = str(ORDINALS[word.lower()]) if word else _int(match["n"] or match["digits"])
    return (value,) if value else None


def _version(match: re.Match[str]) -> tuple[str, ...]:
    return (match["version"].lower(),)


_SPECIFIC: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], tuple[str, ...] | None]]] = [
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
    ("time", re.compile(r"(?<![\d.:])(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?![\d:])(?:\s?(?P<half_of_day>[ap]\.?m\b\.?))?", _ANY_CASE), _time),
    ("time", re.compile(r"(?<![\d.:])(?P<hour>\d{1,2})\s?(?P<half_of_day>[ap]\.?m\b\.?)", _ANY_CASE), _time),
    ("time", re.compile(r"(?<![\d.:])(?P<hour>\d{1,2})\s?[点时](?:(?P<half>半)|(?P<minute>\d{1,2})分|整)?(?!\d)", _CASED), _time),
    ("version", re.compile(r"(?<![\w.])v?(?P<version>\d+(?:\.\d+){2,}(?:-?(?:rc|beta|alpha|b|a)\d*)?(?::\d+)?(?:/\d+)?)(?![\w])", _ANY_CASE), _version),
    ("version", re.compile(r"(?:(?<=\bversion )|(?<=\brelease )|(?<=版本 )|(?<=版本)|(?<=版本号)|(?<=版本为 )|(?<![\w.])v)(?P<version>\d+(?:\.\d+)*)(?!\.?\d)", _ANY_CASE), _version),
    ("version", re.compile(r"(?<![\w.])(?P<version>\d+(?:\.\d+)*)(?=\s?版(?!本?面|权|块|式))", _CASED), _version),
    ("weekday", re.compile(r"\b(?P<en>(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b|(?:周|星期|礼拜)(?P<zh>[一二三四五六日天])", _ANY_CASE), lambda m: (str(_WEEKDAYS.index(m["en"].lower()) + 1),) if m["en"] else (str("一二三四五六日天".index(m["zh"]) + 1).replace("8", "7"),)),
    ("ordinal", re.compile(rf"第\s?(?P<n>\d+|{HAN_NUMERAL}+)|\b(?P<digits>\d+)(?:st|nd|rd|th)\b|\b(?:(?<=the )(?P<first>first)|(?P<word>second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))\b", _ANY_CASE), _ordinal),
]  # fmt: skip
_IDENTIFIER = re.compile(
    r"(?:https?://|www\.)[^\s，。；、]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w:])(?:~?/|\./|--?)[A-Za-z_][\w./+=-]*"
    r"|(?<!\w)(?!v\d)(?:[A-Za-z_][A-Za-z0-9_]*)(?:[-./_:+@#][A-Za-z0-9_]+)*(?:\+\+|#)?",
    re.ASCII,
)
"""Names hold digits that count nothing: python3.11, /dev/sda1, utf-8."""
_DIGIT_NAME = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?=[A-Za-z_])[A-Za-z0-9_]+(?:[-./_][A-Za-z0-9]+)*", re.ASCII)
_UNIT = rf"(?P<gap>\s?-?\s?)(?P<unit>{UNIT})"
_HAN_NUMBER = rf"{HAN_NUMERAL}+(?:点[零一二三四五六七八九]+)?"
_PERCENT_HAN = re.compile(rf"百分之\s?(?P<n>{_NUMBER}|{_HAN_NUMBER})")
_PART_HAN = re.compile(
    rf"(?P<under>{HAN_NUMERAL}+)分之(?P<over>{HAN_NUMERAL}+)|(?<![\d/.])(?P<o>\d{{1,2}})/(?P<u>\d{{1,2}})(?![\d/])"
)
_PLAIN = rf"(?:{_NUMBER}){_SCALE}"
_MONEY = r"(?P<money>US\$|[$€£¥￥]|\b(?:USD|EUR|CNY|RMB)\b)?\s?"
_RANGE = re.compile(
    rf"(?<![\w.]){_MONEY}(?P<minus>(?<![\w)])-)?(?P<low>{_NUMBER})(?:\s?(?P<low_unit>{UNIT}))?{_TO}[$€£¥￥]?(?P<high>{_NUMBER}){_SCALE}(?:{_UNIT})?", _ANY_CASE
)  # fmt: skip
_DIGITS = re.compile(rf"(?<![\w.]){_MONEY}(?P<minus>(?<![\w)])-)?(?P<number>{_NUMBER}){_SCALE}(?:{_UNIT})?", _ANY_CASE)
_HAN_DIGITS = re.compile(rf"(?P<number>{_HAN_NUMBER})(?P<gap>)(?P<unit>{UNIT})?(?P<half>半)?")
_ENGLISH = re.compile(rf"(?P<number>{ENGLISH_NUMERAL})(?:(?P<gap>[ -])(?P<unit>{UNIT}))?", _ANY_CASE)
_NOT_COUNTED = re.compile(
    "一(?:些|样|下|定|般|起|旦|直|切|致|律|方面|边|面|旁|并|同|再|经|向|概|共|番|会儿|点儿?)|统一|唯一|单一|同一|(?<![〇零一二两三四五六七八九十百千])(?:万一|十分(?!钟|之)|千万(?![元人美欧吨次个辆]))|百万富翁|之一|逐一|其一|第一时间|不一|一一|万能|千方百计|百科|百度|三明治"
)


LONGEST_REMEMBERED = 500
"""Characters of a text whose words and quantities are remembered: clauses and sentences are, and no user fills memory with messages."""


def quantities(text: str) -> tuple[Quantity, ...]:
    """All of them, in the order of the text; those of identifiers (python3.11) are left to names."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _quantities(text)


@lru_cache(maxsize=4096)  # the clauses of one passage are read for each sentence that cites it
def _remembered(text: str) -> tuple[Quantity, ...]:
    return _quantities(text)


def _quantities(text: str) -> tuple[Quantity, ...]:
    return tuple(sorted(_found(half_width(text)), key=lambda quantity: quantity.start))


def _found(text: str) -> Iterator[Quantity]:
    whole, rest = text, text
    for kind, pattern, read in _SPECIFIC:
        for match in pattern.finditer(rest):
            value = read(match)
            if value is not None and match.group().strip():
                start, end = _stripped(match)
                yield Quantity(kind, value, "", _bound(whole, start, end), start, end)
                rest = _without(rest, start, end)
    rest = _IDENTIFIER.sub(_words_alone, rest)
    for pattern, count in _COUNTED:
        for match in pattern.finditer(rest):
            quantity = count(whole, match)
            if quantity is not None:
                yield quantity
            if quantity is not None or pattern is _DIGIT_NAME or pattern is _NOT_COUNTED:
                rest = _without(rest, *match.span())


def _stripped(match: re.Match[str]) -> tuple[int, int]:
    body = match.group()
    return match.start() + len(body) - len(body.lstrip()), match.end() - (len(body) - len(body.rstrip()))


def _without(text: str, start: int, end: int) -> str:
    return text[:start] + "\0" * (end - start) + text[end:]


_KEPT_WORDS = re.compile(
    rf"{ENGLISH_NUMERAL}|\b(?:USD|EUR|CNY|RMB|to|and)\b|{WORD_UNIT.pattern.replace('?P<unit>', '?:')}", _ANY_CASE
)


def _words_alone(match: re.Match[str]) -> str:
    """Words stay to be read, since a number or a unit may be among them; a name gives way."""
    word = match.group()
    plain = word.isalpha() or all(_KEPT_WORDS.fullmatch(part) for part in word.split("-"))
    return word if plain else "\0" * len(word)


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
    start, end = _stripped(match)
    end = min(end, _end(match, unit))
    if re.match("[A-Za-z_]", whole[end : end + 1]):
        return None  # 3D, 2FA: a name
    number, scale = match["number"], match["scale"]
    value = _scaled(number, scale) * (-1 if match["minus"] else 1)
    year = re.fullmatch(r"(?:19|20)\d\d", number) and not (scale or unit or match["minus"])
    if year:
        return Quantity("date", (number, "", ""), "", _bound(whole, start, end), start, end)
    # Without a unit 3.10 is no 3.1: it may be a version or a section.
    text = number.replace(",", "") if not (unit or scale or match["minus"]) else _plain(value)
    return Quantity("number", (text,), unit, _bound(whole, start, end), start, end)


def _read_range(whole: str, match: re.Match[str]) -> Quantity | None:
    unit, low_unit = _unit(match), match["low_unit"]
    if "and" in whole[match.end("low") : match.start("high")] and not re.search(
        r"between\s?[$€£¥]?$", whole[: match.start()], re.IGNORECASE
    ):
        return None
    if low_unit and unit_of(low_unit, attached=False) not in (unit, ""):
        return None
    start, end = _stripped(match)
    end = min(end, _end(match, unit))
    low, high = (_plain(_scaled(match[name], match["scale"])) for name in ("low", "high"))
    low = f"-{low}" if match["minus"] else low
    return Quantity("range", (low, high), unit, _bound(whole, start, end), start, end)


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
    return Quantity("number", (_plain(value),), _unit(match), _bound(whole, *match.span()), *match.span())


def _read_english(whole: str, match: re.Match[str]) -> Quantity | None:
    unit = _unit(match)
    if match["number"].lower() in ("one", "zero") and not unit:
        return None
    start, end = match.start(), min(match.end(), _end(match, unit))
    return Quantity("number", (_plain(english_value(match["number"])),), unit, _bound(whole, start, end), start, end)


def _read_percent(whole: str, match: re.Match[str]) -> Quantity | None:
    number = match["n"]
    value = Decimal(number.replace(",", "")) if number[0].isdigit() else han_value(number.partition("点")[0])
    if value is not None and "点" in number:
        value += Decimal("0." + "".join(str(han_value(char)) for char in number.partition("点")[2]))
    return (
        Quantity("number", (_plain(value),), "percent", _bound(whole, *match.span()), *match.span())
        if value is not None
        else None
    )


def _read_part(whole: str, match: re.Match[str]) -> Quantity:
    over, under = (match["o"], match["u"]) if match["o"] else (_int(match["over"]), _int(match["under"]))
    return Quantity("part", (over, under), "", _bound(whole, *match.span()), *match.span())


_COUNTED: list[tuple[re.Pattern[str], Callable[[str, re.Match[str]], Quantity | None]]] = [
    (_PERCENT_HAN, _read_percent),
    (_PART_HAN, _read_part),
    (_RANGE, _read_range),
    (_DIGITS, _read_digits),
    (_DIGIT_NAME, lambda _, __: None),
    (_NOT_COUNTED, lambda _, __: None),
    (_HAN_DIGITS, _read_han),
    (_ENGLISH, _read_english),
]

_BEFORE = (
    (">=", r"at least|no less than|not less than|no fewer than|minimum(?: of| is)?|(?:至少|最少)[\u4e00-\u9fff]{0,4}|(?<![不未])满|不少于|不低于|不小于|最低|不早于"),
    ("<=", r"at most|no more than|not more than|up to|maximum(?: of| is)?|no later than|not exceed(?:ing)?|(?:最多|至多)[\u4e00-\u9fff]{0,4}|不超过|不多于|不高于|不大于|最高|最大|最长|不得超过|不能超过|不得多于|不晚于|不迟于"),
    (">", r"more than|over|above|greater than|exceed(?:s|ing)?|longer than|larger than|beyond|超过|大于|高于|多于|超出|长于"),
    ("<", r"less than|fewer than|under|below|lower than|shorter than|smaller than|within less than|小于|低于|少于|不足|不满|不到|未满|未超过"),
    ("within", r"within|in under"),
    ("until", r"until|till|截至|直到|直至|截止到?"),
    ("by", r"\bby"),
    ("before", r"before|prior to|earlier than|早于"),
    ("after", r"after|since|later than|starting|从|自|晚于"),
    ("about", r"about|approximately|around|roughly|nearly|almost|大约|约|近|大概"),
)  # fmt: skip
_AFTER = (
    (">=", r"以上|及以上|或以上|or more|and above|or older|or later|or higher|起(?![来动点始])"),
    ("<=", r"以下|及以下|或以下|or less|or fewer|and below|or younger|or earlier|or lower"),
    ("within", r"以内|之内|内(?![存容部置核网外])"),
    ("before", r"以前|之前|前(?![台端面往提者])|before"),
    ("after", r"以后|之后|后(?![台端面者续缀])|after"),
    ("about", r"左右|上下|or so"),
)
_BOUND_BEFORE = [
    (name, re.compile(rf"(?:{words})(?:\s|the|of|a|is|为|是|在|于|on|达){{0,3}}[$€£¥]?\s?$", _ANY_CASE))
    for name, words in _BEFORE
]
_BOUND_AFTER = [
    (name, re.compile(rf"\s?(?:个?{words})" if words.isascii() else rf"\s?[的]?(?:{words})", _ANY_CASE))
    for name, words in _AFTER
]


def _bound(text: str, start: int, end: int) -> str:
    before, after = text[max(0, start - 24) : start], text[end : end + 12]
    found = next((name for name, pattern in _BOUND_BEFORE if pattern.search(before)), "")
    return found or next((name for name, pattern in _BOUND_AFTER if pattern.match(after)), "")
