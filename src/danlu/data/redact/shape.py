"""The form of a written value: which of its characters carry it, and another value written the same way.

Values come in ASCII width (danlu.text.pii.window); `draw` gives numbers without end. Separators, brackets and anything but ASCII letters and
digits stay where they are.
"""

import re
from collections.abc import Iterator

_CARRIES = re.compile("[0-9A-Za-z]")


def characters(value: str) -> str:
    """The letters and digits alone, letters as capitals."""
    return "".join(_CARRIES.findall(value)).upper()


def filled(value: str, made: str) -> str:
    """`value` with its letters and digits replaced by those of `made`, one for one, in the case that they had."""
    given = iter(made)
    return _CARRIES.sub(lambda old: next(given).lower() if old[0].islower() else next(given), value)


def shaped(value: str, draw: Iterator[int], keep: int = 0, letters: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ") -> str:
    """A digit for a digit, a letter for a letter; the first `keep` of them stay, and no number begins with 0 that did not."""
    own = characters(value)
    return filled(
        value, own[:keep] + "".join(_drawn(c, draw, letters, at == 0) for at, c in enumerate(own) if at >= keep)
    )


def digits_shaped(value: str, draw: Iterator[int], keep: int = 0) -> str:
    """The same, where letters say what the number is and stay; `keep` counts digits."""
    own, seen, made = characters(value), 0, ""
    for at, c in enumerate(own):
        seen += c.isdigit()
        made += _drawn(c, draw, "", at == 0) if c.isdigit() and seen > keep else c
    return filled(value, made)


def _drawn(c: str, draw: Iterator[int], letters: str, is_first: bool) -> str:
    number = next(draw)
    if not c.isdigit():
        return letters[number % len(letters)]
    return str(1 + number % 9) if is_first and c != "0" else str(number % 10)
