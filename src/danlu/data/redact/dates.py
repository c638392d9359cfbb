"""Pseudonyms of dates of birth: any day of 66 years, since one near the true one would tell the age, written as the true one is."""

import re
from collections.abc import Iterator

from danlu.text.pii.people import DATE, MONTHS

_MONTH_NAMES = "january february march april may june july august september october november december".split()
_HAN_DIGITS = "〇一二三四五六七八九"
_ORDINALS = {"st": (1, 21), "nd": (2, 22), "rd": (3, 23)}


def date(value: str, draw: Iterator[int]) -> str:
    """Order, separators, leading zeros, names of months and numerals stay as they are."""
    year, month, day = 1940 + next(draw) % 66, 1 + next(draw) % 12, 1 + next(draw) % 28
    match = DATE.search(value)
    if match is None:
        return f"{year}-{month:02}-{day:02}"
    return _replaced(value, match, _parts(match, year, month, day, next(draw)))


def _parts(match: re.Match[str], year: int, month: int, day: int, chance: int) -> dict[str, str]:
    """What comes into the place of each group that matched."""
    if match["eight"]:
        return {"eight": f"{year}{month:02}{day:02}"}
    if match["cy"]:
        zero = next((c for c in match["cy"] if c in "零○"), "〇")
        said = "".join(_HAN_DIGITS[int(c)] for c in str(year)).replace("〇", zero)
        return {"cy": said, "cm": _han(month), "cd": _han(day)}
    if match["ny"]:  # day and month, or month and day: both are possible
        return {"n1": _like(match, "n1", month), "n2": _like(match, "n2", 1 + chance % 12), "ny": str(year)}
    if match["y"]:
        return {"y": str(year), "m": _like(match, "m", month), "d": _like(match, "d", day)}
    own = "w" if match["wy"] else "v"
    return {
        f"{own}y": str(year),
        f"{own}m": _name(match[f"{own}m"], month),
        f"{own}d": _day(match, f"{own}d", day, chance),
    }


def _like(match: re.Match[str], group: str, number: int) -> str:
    """With a leading zero where the date writes them: two figures throughout."""
    figures = [match[name] for name in ("m", "d", "n1", "n2") if match[name]]
    return f"{number:02}" if all(len(one) == 2 for one in figures) else str(number)


def _day(match: re.Match[str], group: str, day: int, chance: int) -> str:
    """A day that goes with the ordinal behind the true one: 1st, 22nd, 3rd, 4th."""
    behind = match.string[match.end(group) : match.end(group) + 2].lower()
    if behind in _ORDINALS:
        return str(_ORDINALS[behind][chance % 2])
    if behind == "th":
        return str(4 + chance % 17)
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


def _replaced(value: str, match: re.Match[str], parts: dict[str, str]) -> str:
    out, at = "", 0
    for group in sorted(parts, key=match.start):
        out += value[at : match.start(group)] + parts[group]
        at = match.end(group)
    return out + value[at:]
