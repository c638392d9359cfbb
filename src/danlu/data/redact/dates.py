"""Pseudonyms of dates of birth: any day of 66 years, since one near the true one would tell the age, written as the true one is."""

import re
from collections.abc import Iterator

from danlu.text.pii.people import DATE, MONTHS
from danlu.text.pii.phones import NUMERALS

_MONTH_NAMES = "january february march april may june july august september october november december".split()
_HAN_DIGITS = "〇一二三四五六七八九"
_ORDINAL = re.compile("st|nd|rd|th", re.IGNORECASE)
_TENS = {"廿": "二十", "卅": "三十"}


def date(value: str, draw: Iterator[int]) -> str:
    """Order, separators, leading zeros, names of months and numerals stay as they are; an ordinal gets the ending of its day."""
    year, month, day, chance = 1940 + next(draw) % 66, 1 + next(draw) % 12, 1 + next(draw) % 28, next(draw)
    match = DATE.search(value)
    if match is None:
        return f"{year}-{month:02}-{day:02}"
    return _replaced(value, match, _parts(match, year, month, day, chance))


def read_date(value: str) -> str:
    """Year, month and day as eight digits; `6/5/1990` where day and month cannot be told apart; the value where it is no date."""
    match = DATE.search(value)
    if match is None:
        return value
    if match["eight"]:
        return match["eight"]
    if match["ny"] and not _told_apart(match):
        return f"{int(match['n1'])}/{int(match['n2'])}/{match['ny']}"
    year, month, day = _numbers(match)
    return f"{year}{month:02}{day:02}"


def _numbers(match: re.Match[str]) -> tuple[str, int, int]:
    """Year, month, day."""
    if match["cy"]:
        return "".join(NUMERALS[c] for c in match["cy"]), _of_han(match["cm"]), _of_han(match["cd"])
    if match["y"]:
        return match["y"], int(match["m"]), int(match["d"])
    if match["ny"]:
        first, second = int(match["n1"]), int(match["n2"])
        return match["ny"], *((second, first) if first > 12 else (first, second))
    own = "w" if match["wy"] else "v"
    return match[f"{own}y"], MONTHS.index(match[f"{own}m"][:3].lower()) + 1, int(match[f"{own}d"])


def _told_apart(match: re.Match[str]) -> bool:
    """Whether one of the two numbers before the year can only be a day."""
    first, second = int(match["n1"]), int(match["n2"])
    return max(first, second) > 12 or first == second


def _parts(match: re.Match[str], year: int, month: int, day: int, chance: int) -> dict[str, str]:
    """What comes into the place of each group that matched."""
    if match["eight"]:
        return {"eight": f"{year}{month:02}{day:02}"}
    if match["cy"]:
        zero = next((c for c in match["cy"] if c in "零○"), "〇")
        said = "".join(_HAN_DIGITS[int(c)] for c in str(year)).replace("〇", zero)
        return {"cy": said, "cm": _han(month), "cd": _han(day)}
    if match["ny"]:
        first, second = (day, month) if int(match["n1"]) > 12 else (month, day)
        if not _told_apart(match):  # day and month, or month and day: both must be possible
            first, second = month, 1 + chance % 12
        return {"n1": _like(match, first), "n2": _like(match, second), "ny": str(year)}
    if match["y"]:
        return {"y": str(year), "m": _like(match, month), "d": _like(match, day)}
    own = "w" if match["wy"] else "v"
    return {f"{own}y": str(year), f"{own}m": _name(match[f"{own}m"], month), f"{own}d": _day(match, f"{own}d", day)}


def _like(match: re.Match[str], number: int) -> str:
    """With a leading zero where the date writes them: two figures throughout."""
    figures = [match[name] for name in ("m", "d", "n1", "n2") if match[name]]
    return f"{number:02}" if all(len(one) == 2 for one in figures) else str(number)


def _day(match: re.Match[str], group: str, day: int) -> str:
    """With the ending of the ordinal where the true one has one: 1st, 22nd, 3rd, 4th."""
    ordinal = _ORDINAL.match(match.string, match.end(group))
    if ordinal:
        ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        return f"{day}{ending.upper() if ordinal[0].isupper() else ending}"
    return f"{day:02}" if match[group].startswith("0") else str(day)


def _name(written: str, month: int) -> str:
    """In full or in short, capitals as they were."""
    full = written.lower() in _MONTH_NAMES and written.lower() != "may"
    name = _MONTH_NAMES[month - 1] if full else MONTHS[month - 1]
    return name.upper() if written.isupper() else name.capitalize() if written[0].isupper() else name


def _han(number: int) -> str:
    """1 to 28 as 一 to 二十八."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _HAN_DIGITS[tens] + "十") + (_HAN_DIGITS[ones] if ones else "")


def _of_han(written: str) -> int:
    """The number that 一 to 三十一 say, and 廿 and 卅."""
    for short, full in _TENS.items():
        written = written.replace(short, full)
    tens, ten, ones = written.rpartition("十")
    return (int(NUMERALS.get(tens, "1")) * 10 if ten else 0) + int(NUMERALS.get(ones, "0"))


def _replaced(value: str, match: re.Match[str], parts: dict[str, str]) -> str:
    out, at = "", 0
    for group in sorted(parts, key=match.start):
        out += value[at : match.start(group)] + parts[group]
        ordinal = _ORDINAL.match(value, match.end(group)) if group in ("wd", "vd") else None
        at = ordinal.end() if ordinal else match.end(group)
    return out + value[at:]
