"""A number or a date in a text, and the bound that the words about it set: at least, at most, before, about.

Bounds follow the Civil Code of China, article 1259: 以上, 以下, 以内 and 届满 include the number; 不满, 超过 and 以外 do not.
"""

import re
from dataclasses import dataclass

ANY_CASE = re.ASCII | re.IGNORECASE
"""ASCII, so that a number right behind a Han character begins a word."""


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


def stripped(match: re.Match[str]) -> tuple[int, int]:
    """The span of a match without the white space at its ends."""
    body = match.group()
    return match.start() + len(body) - len(body.lstrip()), match.end() - (len(body) - len(body.rstrip()))


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
    (name, re.compile(rf"(?:{words})(?:\s|the|of|a|is|为|是|在|于|on|达){{0,3}}[$€£¥]?\s?$", ANY_CASE))
    for name, words in _BEFORE
]
_BOUND_AFTER = [
    (name, re.compile(rf"\s?(?:个?{words})" if words.isascii() else rf"\s?[的]?(?:{words})", ANY_CASE))
    for name, words in _AFTER
]


def bound(text: str, start: int, end: int) -> str:
    """The bound of the number at `text[start:end]`, as in `Quantity.bound`; what stands before it goes first."""
    before, after = text[max(0, start - 24) : start], text[end : end + 12]
    found = next((name for name, pattern in _BOUND_BEFORE if pattern.search(before)), "")
    return found or next((name for name, pattern in _BOUND_AFTER if pattern.match(after)), "")
