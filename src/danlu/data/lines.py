"""C4's rules for lines: a line that is no sentence, or speaks of the page and not of its subject, is taken out.

Raffel et al. 2020 (arXiv 1910.10683) and the code of their data set, in the order of datatrove's filter: a word of more than
1,000 characters, no mark at the end, fewer than three words, JavaScript, terms and cookies; marks of citations leave the lines
that stay. `c4-any-end` is FineWeb's variant (Penedo et al. 2024, 2406.17557), which keeps lines without a mark. In Chinese a
Han character is a word, and the marks and phrases are those of Chinese pages.
"""

import re
from collections.abc import Iterator
from typing import Literal

from danlu.text.language import HAN
from danlu.text.offsets import Edit

LineRules = Literal["none", "c4", "c4-any-end"]
_MAX_WORD_CHARACTERS = 1000
_MIN_WORDS = 3
_ENDS = (".", "?", "!", '"', "'", "。", "？", "！", "”", "’", "」", "』", "；")
_POLICY = (
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies",
    "使用条款", "隐私政策", "隐私声明", "使用cookie", "使用 cookie", "隱私政策", "隱私權政策",
)  # fmt: skip
_CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
_HAN = re.compile(f"[{HAN}]")
_LINE = re.compile(r"[^\n]+\n?|\n")


def line_edits(text: str, rules: LineRules) -> Iterator[Edit]:
    """Edits that take lines, and citations within lines, out of a text."""
    if rules == "none":
        return
    for match in _LINE.finditer(text):
        line = match.group().strip()
        rule = _broken(line, needs_end=rules == "c4")
        if rule:
            yield Edit(match.start(), match.end(), "", rule)
        else:
            yield from (
                Edit(match.start() + cited.start(), match.start() + cited.end(), "", "citation marks")
                for cited in _CITATION.finditer(match.group())
            )


def _broken(line: str, needs_end: bool) -> str:
    """The rule that a line breaks first, or an empty string."""
    words = line.split()
    if len(line) > _MAX_WORD_CHARACTERS and any(len(word) > _MAX_WORD_CHARACTERS for word in _words(words)):
        return "line with an endless word"
    line = _CITATION.sub("", line)
    if needs_end and (not line.endswith(_ENDS) or line.endswith("...")):
        return "line without an end mark"
    if len(words) < _MIN_WORDS and sum(1 for _ in _words(words)) < _MIN_WORDS:
        return "line of few words"
    lowered = line.lower()
    if "lorem ipsum" in lowered:
        return ""  # the whole text goes, by a rule of its own
    if "javascript" in lowered:
        return "line about JavaScript"
    if "{" not in line and any(phrase in lowered for phrase in _POLICY):
        return "line about terms or cookies"
    return ""


def _words(words: list[str]) -> Iterator[str]:
    """Words between white space, Han characters one by one."""
    for word in words:
        characters = _HAN.findall(word)
        yield from characters
        if not characters:
            yield word
