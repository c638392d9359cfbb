"""Normalise a text by counted edits, with a map back to where every character came from.

Two rounds: mojibake is repaired line by line (ftfy), then characters and white space. Code keeps its letters, spaces and
line breaks. Text that a page broke into lines (told by danlu.data.line_breaks) is joined: no space between Han characters, one
space between words, and a hyphen at a line's end between lower-case letters is mended. Blocks of `lines`, and text outside of
blocks, keep their lines; the indents of lines that stay (nested lists) stay too. Runs of spaces become one, but not where several lines
that stay have some: those are the columns of a table, and their width is what they say.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from danlu.data.line_breaks import page_breaks
from danlu.data.lookalikes import MIXED_WORD, WIDE_LETTERS, fold_width, mend_mixed_word
from danlu.text.language import HAN
from danlu.text.offsets import Edit, OffsetMap, apply
from danlu.text.records import Block

_WIDE = f"{HAN}\u3000-\u303f\uff00-\uffef"
_SUSPECT_LINE = re.compile("^.*[\u0080-\u009fÃÂâãäåæçèéêïðŸ€™œ].*$", re.MULTILINE)
_ASCII = re.compile("([\x00-\x7f]+)")


class Rule(NamedTuple):
    """What `pattern` matches is replaced; a text without a match of `trigger` has none of `pattern` either."""

    name: str
    pattern: str
    replacement: str | Callable[[re.Match[str]], str]
    trigger: str = ""


_INVISIBLE = "[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_RULES = (
    Rule("invisible characters", f"{_INVISIBLE}+", "", _INVISIBLE),
    Rule("line breaks", r"\r\n?", "\n", "\r"),
    Rule(
        "composed characters",
        "[^\\W\\d_][\u0300-\u036f]+",
        lambda match: unicodedata.normalize("NFC", match.group()),
        "[\u0300-\u036f]",
    ),
)
_LETTER_RULES = (
    Rule("blank lines", r"(?<![ \t])[ \t]*+\n(?:[ \t]*+\n){2,}", "\n\n", r"\n[ \t]*+\n[ \t]*+\n"),
    Rule("width of letters", WIDE_LETTERS, fold_width, WIDE_LETTERS),
    Rule("look-alike letters", MIXED_WORD, mend_mixed_word, "[\u0370-\u052f]"),
)
_SPACES = "\u00a0\u3000\u2002-\u200a"
_GAP = re.compile(f"(?<=[^\\s{_SPACES}])[ {_SPACES}]{{2,}}(?=[^\\s{_SPACES}])|\u3000")
_COLUMN_GAP = re.compile(f"(?<=[^\\s.!?。！？…])[ {_SPACES}]{{2,}}(?=\\S)|(?<=\\S)[ {_SPACES}]{{3,}}(?=\\S)")
"""Not the two spaces that typists put after a sentence."""
_BOX = re.compile(r"\s*[|+│┌├└┃╔╠╚║]")
_JOINED = "joined lines"
_NARROWED = "spaces"
_PROSE_RULES = (
    Rule("mended hyphens", r"(?<=[a-z])-\n(?=[a-z])", "", "-\n"),
    Rule(_JOINED, f"(?<=[{_WIDE}])[ \\t]*\\n[ \\t]*(?=[{_WIDE}])", "", "\n"),
    Rule(_JOINED, r"(?<=[^ \t\n])[ \t]*+\n[ \t]*+(?=\S)", " ", "\n"),
    Rule(_NARROWED, f"(?<=\n)[ {_SPACES}]*[{_SPACES}][ {_SPACES}]*", "", f"[{_SPACES}]"),
    Rule(_NARROWED, f"(?<![\n {_SPACES}])[ {_SPACES}]{{2,}}|[{_SPACES}]", " ", f"[ {_SPACES}]"),
)
_VERBATIM, _LOOSE, _PROSE = _RULES, _RULES + _LETTER_RULES, _RULES + _LETTER_RULES + _PROSE_RULES
"""For code and tables, for text of no known layout, and for prose that a layout may have broken."""


def _triggered(text: str) -> frozenset[Rule]:
    """The rules that may change a text: with a single pattern for all of them, most texts would be read ten times slower."""
    return frozenset(rule for rule in _PROSE if re.search(rule.trigger, text))


@lru_cache(maxsize=512)
def _compiled(rules: tuple[Rule, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"({rule.pattern})" for rule in rules))


def normalise(text: str, blocks: Sequence[Block]) -> tuple[str, OffsetMap, list[Edit]]:
    """The normalised text, its map back to `text`, and the edits of both rounds."""
    repaired = list(_mojibake(text))
    middle, first = apply(text, repaired)
    edits = list(_edits(middle, [_shifted(block, first) for block in blocks] if repaired else blocks))
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


def _shifted(block: Block, offsets: OffsetMap) -> Block:
    return replace(block, start=offsets.from_source(block.start), end=offsets.from_source(block.end))


def _edits(text: str, blocks: Sequence[Block]) -> Iterator[Edit]:
    """Edits of the second round: prose rules inside blocks of prose, furniture left out, code and tables verbatim."""
    may_match = _triggered(text)
    verbatim, loose, prose = (
        tuple(rule for rule in rules if rule in may_match) for rules in (_VERBATIM, _LOOSE, _PROSE)
    )
    position = 0
    furniture = dict(_furniture(text, blocks))
    for number, block in enumerate(blocks):
        start, end = furniture.get(number, (block.start, block.end))
        yield from _matches(loose, text, position, start)
        position = end
        if number in furniture:
            yield Edit(start, end, "", "page furniture")
        elif block.kind in ("code", "table", "lines"):
            rules = loose if block.kind == "lines" else verbatim
            yield from _matches(rules, text, block.start, block.end)
        else:
            joins = _joins(text, block)
            yield from _matches(prose, text, block.start, block.end, joins, _columns(text, block, joins))
    yield from _matches(loose, text, position, len(text))


def _furniture(text: str, blocks: Sequence[Block]) -> Iterator[tuple[int, tuple[int, int]]]:
    """By its number, what goes with each block of furniture: the break after it too, or before it when nothing follows."""
    last = max((number for number, block in enumerate(blocks) if block.kind != "furniture"), default=-1)
    for number, block in enumerate(blocks):
        if block.kind != "furniture":
            continue
        before = blocks[number - 1].end if number > last and number else block.start
        after = blocks[number + 1].start if number < last else block.end
        start = block.start if text[before : block.start].strip() else before
        yield number, (start, block.end if text[block.end : after].strip() else after)


def _joins(text: str, block: Block) -> frozenset[int]:
    """The line breaks of a block of prose that go; a heading is one line."""
    if text.find("\n", block.start, block.end) < 0:
        return frozenset()
    if block.kind == "heading":
        return frozenset(at for at in range(block.start, block.end) if text[at] == "\n")
    return page_breaks(text, block.start, block.end, block.page is not None)


def _columns(text: str, block: Block, joins: frozenset[int]) -> frozenset[int]:
    """Where the runs of spaces begin that set columns apart: in lines that stay lines, where two of them at least have some."""
    if text.find("\n", block.start, block.end) < 0:
        return frozenset()
    gaps, aligned = [], 0
    start = block.start
    for line in text[block.start : block.end].split("\n"):
        end = start + len(line)
        if end not in joins and start - 1 not in joins:
            gaps += [gap.start() for gap in _GAP.finditer(text, start, end)]
            aligned += bool(_COLUMN_GAP.search(line) or _BOX.match(line))
        start = end + 1
    return frozenset(gaps) if aligned > 1 else frozenset()


def _matches(
    rules: tuple[Rule, ...],
    text: str,
    start: int,
    end: int,
    joins: frozenset[int] = frozenset(),
    columns: frozenset[int] = frozenset(),
) -> Iterator[Edit]:
    if not rules:
        return
    for match in _compiled(rules).finditer(text, start, end):
        rule = rules[(match.lastindex or 1) - 1]
        if rule.name == _JOINED and text.index("\n", match.start()) not in joins:
            continue
        if rule.name == _NARROWED and match.start() in columns:
            continue
        new = rule.replacement if isinstance(rule.replacement, str) else rule.replacement(match)
        if new != match.group():
            yield Edit(match.start(), match.end(), new, rule.name)
