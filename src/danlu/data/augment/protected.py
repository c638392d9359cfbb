"""Spans of a text that no variant may change: numbers, names, code, addresses, citations, quotations of titles.

What a document states as a fact must stay the same in its variants: a changed number is an error that a model learns.
Names are told by form in English (capitals inside a sentence) and by the segmenter's tags in Chinese.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from danlu.text.language import HAN
from danlu.text.records import Document
from danlu.text.sentences import sentence_spans

VERSION = 2

_A = "A-Za-z0-9_"
_UNITS = "年月日号时点分秒周天岁世纪个名次条元角块万亿千百页位只台件套米克吨升度倍人家辆斤里亩"
"""What stands behind a figure and makes it a date, a time or a quantity: 日 taken for 曰 spoils a date."""
_ROLES = "system|user|assistant|tool|function|human|gpt|developer|bot|observation|function_call|系统|用户|助手|工具"
"""As extraction writes turns: `role: text`."""
_FORMS = re.compile(
    rf"```.*?```|`[^`\n]+`"  # code, fenced and in line
    rf"|(?:https?|ftp|file)://[^\s<>，。；）]+|www\.[^\s<>，。；）]+|[{_A}.+-]+@[{_A}-]+(?:\.[{_A}-]+)+"
    rf"|\[[\d,\s–-]+\]|\([A-Z][^()]{{0,60}}\d{{4}}[a-z]?\)|（[^（）]{{0,30}}\d{{4}}[^（）]{{0,10}}）|\bet al\."  # citations
    rf"|《[^》]{{1,60}}》|<[^<>\n]{{1,80}}>|\$\{{?[{_A}]+\}}?"
    rf"|(?<![{_A}/])(?:[.~]{{0,2}}/|[A-Za-z]:\\)[{_A}.\-/\\]+|(?<![{_A}])--?[A-Za-z][{_A}-]*"  # paths and options
    rf"|[A-Za-z_][{_A}-]*(?:[._:/@#+][{_A}][{_A}-]*)+|[{_A}]*_[{_A}]*|[a-z]+[A-Z][{_A}]*|[A-Za-z]\w*\("  # identifiers
    rf"|[A-Za-z]*\d[{_A}.,:%/‰°-]*(?: ?[{_UNITS}]+)?"  # numbers, versions, dates, each with the unit behind it
    rf"|百分之[零〇一二三四五六七八九十百千点]+|第?[零〇一二三四五六七八九十百千万亿两]+[{_UNITS}章节种届%]+"
    rf"|^[^\S\n]*(?i:{_ROLES})[:：]"  # who speaks in a conversation
    rf"|[二三四五六七八九十百千万亿]{{2,}}|第[一二三四五六七八九十百]+",
    re.DOTALL | re.MULTILINE,
)
_CAPITALS = re.compile(r"\b[A-Z][\w’'-]*(?: (?:(?:of|and|the|de|von) )?[A-Z][\w’'-]*)*")
_NAME_TAGS = ("nr", "ns", "nt", "nz")
_LATIN = re.compile("[A-Za-z][A-Za-z0-9.+-]*")
_HAN_RUN = re.compile(f"[{HAN}]+")


@dataclass(frozen=True)
class Spans:
    """Half-open spans in order, joined where they overlap."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> "Spans":
        """Sorted and joined."""
        joined: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return cls(tuple(start for start, _ in joined), tuple(end for _, end in joined))

    def touch(self, start: int, end: int) -> bool:
        """Whether any span overlaps `start`..`end`; an insertion (`start` = `end`) inside a span touches it."""
        at = bisect_right(self.starts, max(end - 1, start)) - 1
        return at >= 0 and self.ends[at] > start

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.starts, self.ends, strict=True)


def protected_spans(document: Document) -> Spans:
    """All that a variant keeps as it is: code and table blocks, headings, and the forms above."""
    blocks = ((block.start, block.end) for block in document.blocks if block.kind in ("code", "table", "heading"))
    names = chinese_names(document.text) if document.language == "zh" else english_names(document.text)
    return Spans.of([*blocks, *fact_spans(document.text), *names])


def fact_spans(text: str) -> Iterator[tuple[int, int]]:
    """Numbers, code, addresses, citations and identifiers, by form."""
    return (match.span() for match in _FORMS.finditer(text))


def english_names(text: str) -> Iterator[tuple[int, int]]:
    """Words with a capital, but for a lone one that begins a sentence and is no acronym."""
    begins = {start for start, _ in sentence_spans(text)}
    for match in _CAPITALS.finditer(text):
        word = match.group().strip()
        starts = match.start() in begins or text[max(match.start() - 2, 0) : match.start()].strip(" ") in (
            "\n",
            '"',
            "“",
        )
        if word != "I" and not (starts and " " not in word and not word[1:2].isupper()):
            yield match.start(), match.start() + len(word)


def chinese_names(text: str) -> Iterator[tuple[int, int]]:
    """People, places, organisations and other proper nouns, as the segmenter tags them, and Latin words: products, commands."""
    yield from (match.span() for match in _LATIN.finditer(text))
    for start, word, tag in tagged(text):
        if tag.startswith(_NAME_TAGS):
            yield start, start + len(word)


def tagged(text: str) -> Iterator[tuple[int, str, str]]:
    """Han words of a text with their offsets and part of speech (rjieba, ICTCLAS tags)."""
    import rjieba

    for run in _HAN_RUN.finditer(text):
        position = run.start()
        for word, tag in rjieba.tag(run.group()):
            yield position, word, tag
            position += len(word)
