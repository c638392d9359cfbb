"""Normalise a text by counted edits, with a map back to where every character came from.

Two rounds: mojibake is repaired line by line (ftfy), then characters and white space. Code keeps its spaces and
line breaks. Text that a page layout broke into lines (PDF, Markdown) is joined: no space between Han characters, one
space between words, and a hyphen at a line's end between lower-case letters is mended.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from danlu.text.language import HAN
from danlu.text.offsets import Edit, OffsetMap, apply
from danlu.text.records import Block

_WIDE = f"{HAN}\u3000-\u303f\uff00-\uffef"
_SUSPECT_LINE = re.compile("^.*[\u0080-\u009fÃÂâãäåæçèéêïðŸ€™œ].*$", re.MULTILINE)
_ASCII = re.compile("([\x00-\x7f]+)")
_RULES = (
    (
        "invisible characters",
        "[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+",
        "",
    ),
    ("line breaks", r"\r\n?", "\n"),
    ("composed characters", "[^\\W\\d_][\u0300-\u036f]+", None),
    ("blank lines", r"(?<![ \t])[ \t]*+\n(?:[ \t]*+\n){2,}", "\n\n"),
)
_PROSE_RULES = (
    ("mended hyphens", r"(?<=[a-z])-\n(?=[a-z])", ""),
    ("joined lines", f"(?<=[{_WIDE}])[ \\t]*\\n[ \\t]*(?=[{_WIDE}])", ""),
    ("joined lines", r"(?<=[^ \t\n])[ \t]*+\n[ \t]*+(?=[^\s\-*•|>#\d])", " "),
    ("spaces", "[ \u00a0\u3000\u2002-\u200a]{2,}|[\u00a0\u3000\u2002-\u200a]", " "),
)


def _compiled(rules: Sequence[tuple[str, str, str | None]]) -> re.Pattern[str]:
    return re.compile("|".join(f"({pattern})" for _, pattern, _ in rules))


_EVERYWHERE = _compiled(_RULES)
_PROSE = _compiled(_RULES + _PROSE_RULES)
_ALL_RULES = _RULES + _PROSE_RULES


def normalise(text: str, blocks: Sequence[Block]) -> tuple[str, OffsetMap, list[Edit]]:
    """The normalised text, its map back to `text`, and the edits of both rounds."""
    repaired = list(_mojibake(text))
    middle, first = apply(text, repaired)
    edits = list(_edits(middle, [_shifted(block, first) for block in blocks]))
    final, second = apply(middle, edits)
    return final, second.after(first) if repaired else second, repaired + edits


def _mojibake(text: str) -> Iterator[Edit]:
    """Lines that were decoded wrongly once and can be put right without loss."""
    from ftfy import fix_encoding

    for match in _SUSPECT_LINE.finditer(text):
        fixed = fix_encoding(match.group())
        if fixed != match.group():
            yield from _changed_runs(match.group(), fixed, match.start())


def _changed_runs(line: str, fixed: str, start: int) -> Iterator[Edit]:
    """The runs beyond ASCII that differ, so that a quote beside them stays narrow; the whole line if they do not align."""
    before, after = _ASCII.split(line), _ASCII.split(fixed)
    if before[1::2] != after[1::2]:
        before, after = [line], [fixed]
    for wrong, right in zip(before, after, strict=True):
        if wrong != right:
            yield Edit(start, start + len(wrong), right, "mojibake")
        start += len(wrong)


def _shifted(block: Block, offsets: OffsetMap) -> tuple[int, int, str]:
    return offsets.from_source(block.start), offsets.from_source(block.end), block.kind


def _edits(text: str, blocks: Sequence[tuple[int, int, str]]) -> Iterator[Edit]:
    """Edits of the second round: prose rules inside blocks of prose, the rest everywhere, furniture left out."""
    position = 0
    for start, end, kind in blocks:
        yield from _matches(_EVERYWHERE, text, position, start)
        if kind == "furniture":
            yield Edit(start, end, "", "page furniture")
        else:
            yield from _matches(_EVERYWHERE if kind in ("code", "table") else _PROSE, text, start, end)
        position = end
    yield from _matches(_EVERYWHERE, text, position, len(text))


def _matches(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Edit]:
    for match in pattern.finditer(text, start, end):
        rule, _, replacement = _ALL_RULES[(match.lastindex or 1) - 1]
        new = unicodedata.normalize("NFC", match.group()) if replacement is None else replacement
        if new != match.group():
            yield Edit(match.start(), match.end(), new, rule)
