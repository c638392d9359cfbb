"""Cloze: a number or a name taken out of a sentence is asked for (Taylor 1953).

A gap is worth filling when its sentence can be read alone and what is missing is neither half of a name nor a word that stands all
over the document. A section gives one pair at most; one that has gaps, none of them worth filling, gives the reason of the first.
"""

import re
from collections.abc import Iterator
from random import Random

from danlu.data.augment.protected import english_names, tagged
from danlu.data.synthesize.pairs import Pair, Rejected, quoted
from danlu.text.pii.places import PREFECTURES, PROVINCE_NAMES
from danlu.text.records import Document
from danlu.text.sections import Section
from danlu.text.segment import terms
from danlu.text.sentences import sentence_spans

VERSION = 3

_NUMBER = re.compile(r"(?<![\w.,/−－-])\d[\d.,]*\d%?(?![\w/−－-])|(?<![\w.,/−－-])\d+%?(?=[\u4e00-\u9fff])")
_REFERENCE = re.compile(r"参见|参阅|请见|详见|\b(?:see|cf\.|refer to)\b", re.IGNORECASE)
"""A sentence that only points elsewhere says nothing to remember."""
_LEANS = re.compile(
    r"(?:it|its|this|these|those|that|they|their|them|he|she|his|her|we|however|but|and|or|so|then|also|thus|therefore|hence|moreover"
    r"|furthermore|otherwise|instead|here|there|such|both|additionally|if|when|for example|in addition|as (?:above|before))\b"
    r"|[这那该此其它他她但而也]|然而|不过|另外|此外|因此|所以|于是|同时|并且|或者|如果|当|比如|例如|还有|以上|上述|如上|然后|接着|虽然|除此",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.。!！]$")
_PLACE_OF_TEXT = re.compile(r"(?:第|chapter|section|step|figure|table|page|appendix|version|§|\[)\s?$", re.IGNORECASE)
_LATIN = re.compile(r"(?<![\w./-])[A-Z][A-Za-z0-9+]{2,}(?![\w/-])")
_PLACES = frozenset((*PROVINCE_NAMES, *PREFECTURES))
_OF_PLACES = "省市县区镇乡州国岛山河江湖海洋路街港湾"
_OFTEN = 3
"""A name that stands more often in its document is guessed, not known."""


def cloze(document: Document, section: Section, random: Random) -> Iterator[Pair | Rejected]:
    """One sentence of a section with a gap, or why there is none."""
    text = document.text
    choices: list[tuple[int, int, int, int, str]] = []
    refused: list[tuple[int, int, int, int, str]] = []
    for block in section.blocks:
        for start, end in sentence_spans(text, block.start, block.end) if block.kind == "text" else ():
            for a, b in _facts(text, start, end, document.language):
                fault = _fault(document, start, end, a, b)
                (refused if fault else choices).append((start, end, a, b, fault))
    if choices:
        start, end, a, b, _ = random.choice(choices)
        blank = f"{text[start:a]}____{text[b:end]}".replace("\n", " ")
        ask = "填空：" if document.language == "zh" else "Fill in the blank: "
        yield Pair("cloze", ask + blank, text[a:b], a, b)
    elif refused:
        start, end, a, b, fault = refused[0]
        yield Rejected(fault, quoted(text[a:b]), "a gap to be known", "cloze", start)


def _facts(text: str, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    """Numbers and names that stand once in a sentence of a fit length."""
    sentence = text[start:end]
    if not 25 <= len(sentence) * (2 if language == "zh" else 1) <= 240 or len(set(terms(sentence))) < 4:
        return
    names = _chinese_names(sentence) if language == "zh" else english_names(sentence)
    for a, b in [*(match.span() for match in _NUMBER.finditer(sentence)), *names]:
        if b - a > 1 and sentence.count(sentence[a:b]) == 1:
            yield start + a, start + b


def _chinese_names(sentence: str) -> Iterator[tuple[int, int]]:
    """Latin names, places and organisations: what the segmenter takes for a person or another place is often a common word."""
    yield from (match.span() for match in _LATIN.finditer(sentence))
    for start, word, tag in tagged(sentence):
        if tag == "nt" or (tag == "ns" and (word in _PLACES or word[-1] in _OF_PLACES)):
            yield start, start + len(word)


def _fault(document: Document, start: int, end: int, a: int, b: int) -> str:
    """The rule that speaks against a gap; empty when none does."""
    text, gap = document.text, document.text[a:b]
    sentence = text[start:end]
    leans = _REFERENCE.search(sentence) or _LEANS.match(sentence) or sentence[0].islower()
    if leans or not _ENDS.search(sentence) or not _is_closed(sentence):
        return "sentence cannot be read alone"
    if _PLACE_OF_TEXT.search(text[max(start, a - 12) : a]):
        return "number of a place in the text"
    if gap[0].isdigit():  # in brackets it may stand for a number below zero
        return "number in brackets" if text[a - 1 : a] in ("(", "（") and text[b : b + 1] in (")", "）") else ""
    if a == start and document.language == "en":  # the first word has a capital whatever it is
        return "gap begins its sentence"
    if (
        text[a - 1 : a] in ("/", "-", ".", "_")
        or text[b : b + 1] in ("/", "-", "_")
        or _is_half(sentence, a - start, b - start, document.language == "zh")
    ):
        return "gap is part of a name"
    if text.count(gap) > _OFTEN or gap in document.title:
        return "name stands all over the document"
    return ""


def _is_half(sentence: str, a: int, b: int, chinese: bool) -> bool:
    """Whether a word with a capital stands right before or behind, and does not begin the sentence; in Chinese, any Latin word."""
    before, behind = re.search(r"(\w+) $", sentence[:a]), re.match(r" (\w+)", sentence[b:])
    words = [word[1] for word in (before, behind) if word and not (word is before and word.start() == 0)]
    return any(word[0].isupper() or (chinese and word[0].isascii() and word[0].isalpha()) for word in words)


def _is_closed(sentence: str) -> bool:
    """Whether brackets and quotation marks come in pairs, and nothing was left out."""
    pairs = ("()", "[]", "（）", "“”", "「」", "《》")
    return all(sentence.count(pair[0]) == sentence.count(pair[1]) for pair in pairs) and not (
        sentence.count('"') % 2 or "..." in sentence or "…" in sentence
    )
