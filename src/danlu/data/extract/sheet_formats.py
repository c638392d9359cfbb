"""Numbers as a sheet shows them, by the number format of their cell (ECMA-376 part 1, 18.8.30 and 18.8.31).

A value of 0.25 under `0%` is read as 25%, and 1234.5 under `"¥"#,##0.00` as ¥1,234.50: what people who open the sheet see, ask for and
cite. Dates are the exception: they are written in ISO 8601, as precise as the format shows them, since 03/04 is a day in March or in
April. Formats with conditions, fractions or exponents, and those that hide the value, leave the number plain.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

_YEAR_MONTH, _DAY, _TIME, _DATE_TIME = "yyyy-m", "yyyy-m-d", "h:mm", "yyyy-m-d h:mm"
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", **dict.fromkeys((5, 6, 41, 42), "#,##0"),
    **dict.fromkeys((7, 8, 43, 44), "#,##0.00"), **dict.fromkeys((14, 15, 16, 28, 29, 30, 31, 51, 53, 54, 58), _DAY),
    **dict.fromkeys((17, 27, 36, 50, 52, 57), _YEAR_MONTH), **dict.fromkeys((18, 20, 32, 34, 55, 56), _TIME),
    19: "h:mm:ss", 21: "h:mm:ss", 33: "h:mm:ss", 35: "h:mm:ss", 22: _DATE_TIME, 45: "mm:ss", 46: "[h]:mm:ss",
}  # fmt: skip
"""Formats that a file names by number alone. Those of money (5 to 8, 41 to 44) show the currency of whoever opens the file: none here."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]'
    r"|AM/PM|A/P|上午/下午|(?P<general>General)|(?P<digits>[#0?][#0?,]*(?:\.[#0?]*,*)?|\.[#0?]+,*)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_PIECE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|.', re.DOTALL)
_CONDITION = re.compile(r"[<>=]")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_MINUTES = re.compile("h+m+|m+s+")
_LAST_SERIAL = 2_958_466
"""The day after 9999-12-31."""


@dataclass(frozen=True)
class _Section:
    """One section of a format: what stands before and after the number, and how its digits are written."""

    before: str
    digits: str
    after: str
    date: str = ""
    """The letters of its date, in order; empty for numbers."""


def shown(value: float, code: str, from_1904: bool = False) -> str | None:
    """The value as a cell of this format shows it; None where the format says nothing that can be followed."""
    sections = _sections(code)
    place = _place(value, len(sections))
    section = sections[place]
    if section is None:
        return None
    if section.date:
        return _date(value, section.date, from_1904)
    try:
        written = _written(abs(Decimal(f"{value:.15g}")), section)
    except InvalidOperation:  # more digits than a decimal number holds
        return None
    return f"-{written}" if value < 0 and place == 0 else written


def _place(value: float, count: int) -> int:
    """Which section is for this value: positive, negative, zero; the first is for all that have none of their own."""
    if value < 0:
        return min(1, count - 1)
    return 2 if value == 0 and count > 2 else 0


def general(value: float) -> str:
    """A number without a format: whole numbers without a point, others with the 15 digits that a sheet calculates with."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"


@lru_cache(maxsize=512)
def _sections(code: str) -> Sequence[_Section | None]:
    """The sections for numbers; a fourth one is for text."""
    parts = [""]
    for piece in _PIECE.findall(code):
        if piece == ";":
            parts.append("")
        else:
            parts[-1] += piece
    return [_parsed(part) for part in parts[:3]]


def _parsed(section: str) -> _Section | None:
    """A section taken apart; None for one that is empty or that cannot be followed."""
    before, digits, after, date = "", "", "", ""
    for token in _TOKEN.finditer(section):
        bracket, other = token["bracket"], token["other"]
        literal = token["quoted"] or token["escaped"] or token["currency"] or ""
        if bracket and _CONDITION.match(bracket):
            return None
        if bracket and _ELAPSED.fullmatch(bracket):
            date += f"[{bracket[0].lower()}]"
        elif token["general"] or token["digits"]:
            if digits:
                return None
            digits = token["digits"] or "General"
        elif other and other.lower() in "ymdhsae":
            date += other.lower()
        elif other and other in "/@" and not date:
            return None
        elif other or literal:
            before, after = (before, after + (other or literal)) if digits else (before + (other or literal), after)
    if not (digits or date):
        return None
    return _Section(before.lstrip(), digits, after.rstrip(), date)


def _written(number: Decimal, section: _Section) -> str:
    number *= 100 ** (section.before + section.after).count("%")
    if section.digits == "General":
        return f"{section.before}{general(float(number))}{section.after}"
    whole, _, decimals = section.digits.partition(".")
    thousands = len(section.digits) - len(section.digits.rstrip(","))
    whole, decimals = whole.rstrip(","), decimals.rstrip(",")
    number = (number / 1000**thousands).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    left, _, right = (f"{number:,f}" if "," in whole else f"{number:f}").partition(".")
    least = decimals.count("0")
    right = right[:least] + right[least:].rstrip("0")
    left = left.zfill(whole.count("0")) if "0" in whole else left.lstrip("0")
    return f"{section.before}{left}{'.' if right else ''}{right}{section.after}"


def _date(value: float, letters: str, from_1904: bool) -> str | None:
    """ISO 8601, as precise as the letters of the format."""
    if not 0 <= value < _LAST_SERIAL:
        return None
    seconds = round(value * 86_400)
    if "[" in letters:
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02}"
        return f"{clock}:{seconds % 60:02}" if "s" in letters else clock
    # Lotus 1-2-3 took 1900 for a leap year, and every sheet since then has counted that day.
    start = datetime.datetime(1904, 1, 1) if from_1904 else datetime.datetime(1899, 12, 30 if value >= 60 else 31)
    try:
        moment = start + datetime.timedelta(seconds=seconds)
    except OverflowError:
        return None
    clock = moment.strftime("%H:%M:%S" if "s" in letters else "%H:%M") if set(letters) & set("hs") else ""
    return f"{_day(moment, _MINUTES.sub('', letters))} {clock}".strip()


def _day(moment: datetime.datetime, letters: str) -> str:
    """The day as far as the format names it: a month without a day stays a month."""
    if set(letters) & set("da"):
        return moment.date().isoformat()
    return f"{moment:%Y-%m}" if "m" in letters else f"{moment:%Y}" if set(letters) & set("ye") else ""
