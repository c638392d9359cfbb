"""Sentences of a text, as spans."""

import re
from collections.abc import Iterator

VERSION = 2

_TITLES = "Dr Mr Ms St vs Drs Mrs Prof Messrs e.g i.e cf"
"""Before a name, or in the middle of what is said: their full stop never ends a sentence."""
_NUMBERED = (
    "p pp No no Nr Art Sec Eq Ch Vol Nos nos Fig fig Figs figs Tel tel Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
)
"""Before a number ("No. 17"): else a full stop is one ("No. They wait outside.")."""
_GO_ON = "a.m p.m Inc Ltd Co Corp Jr Sr etc approx"
"""Where a small letter or a number follows: before a capital they may end a sentence."""


def _not_after(words: str) -> str:
    """No full stop of one of these, which is behind us: each in a lookbehind of its own, of a fixed width, so that time stays linear."""
    return "".join(rf"(?<!(?<![A-Za-z.]){re.escape(word)}\.)" for word in words.split())


_END = re.compile(
    r"(?<![。！？；!?])[。！？；!?]++[”’」』）)\"']*+(?![，、；,;的])|\n{2,}|\n(?=[-*•]\s|\d+[.)]\s)|…+"
    r"|\.(?=[\"')\]]*(?:\s|$))(?<![A-Z]\.)(?<!^\d\.)(?<!^\d\d\.)"
    rf"{_not_after(_TITLES)}(?:(?!\s+\d)|{_not_after(_NUMBERED)})(?:(?!\s+[a-z\d])|{_not_after(_GO_ON)})[\"')\]]*",
    re.MULTILINE,
)
"""A mark inside a quotation that goes on, a full stop after a capital (an initial), in an abbreviation, or after a number that begins a line (a list), ends no sentence."""
_RULE = r"\n\| *:?-+:? *\|"
"""The line below a table's header: alignment may be told by colons."""
_HEADER = re.compile(_RULE)
_ROW = re.compile(rf"^\|[^\n]*\|$(?:{_RULE}[^\n]*$)?", re.MULTILINE)
"""A row of a table, whatever marks stand in its cells; a header goes with the line below it."""
_MAX_CHARACTERS = 600
"""A sentence longer than this (a list without full stops, a single endless line) is cut at white space."""


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Half-open spans of the sentences and table rows of `text[start:end]`, stripped of white space, never empty."""
    end = len(text) if end is None else end
    position = start
    for row in _ROW.finditer(text, start, end):
        yield from _sentences(text, position, row.start())
        yield from _pieces(text, row.start(), row.end())
        position = row.end()
    yield from _sentences(text, position, end)


def is_row(text: str) -> bool:
    """Whether a span of `sentence_spans` is the row of a table."""
    return _ROW.fullmatch(text) is not None


def is_header(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether a row of a table, `text[start:end]`, has the line below it that marks a header."""
    return _HEADER.search(text, start, len(text) if end is None else end) is not None


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    position = start
    for match in _END.finditer(text, start, end):
        yield from _pieces(text, position, match.end())
        position = match.end()
    yield from _pieces(text, position, end)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _MAX_CHARACTERS:
        cut = max(text.rfind(mark, start + 1, start + _MAX_CHARACTERS) for mark in (" ", "\n", "\t", "，", ","))
        cut = cut + 1 if cut > start else start + _MAX_CHARACTERS
        yield from _stripped(text, start, cut)
        start = cut
    yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end
