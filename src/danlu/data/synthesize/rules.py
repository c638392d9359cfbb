"""Question and answer pairs without a model: what the form of a document says by itself.

A heading asks and its section answers; `X is a ...` and `X 是指……` define; a question in a list has its answer below. What tables and
sentences give is told in danlu.data.synthesize.cells and cloze. Every answer is a span of the document.
"""

import re
from collections.abc import Iterator
from random import Random

from danlu.data.augment.protected import tagged
from danlu.data.synthesize.cells import cells
from danlu.data.synthesize.cloze import cloze
from danlu.data.synthesize.pairs import Pair, Rejected
from danlu.text.records import Block, Document
from danlu.text.sections import Section, sections
from danlu.text.segment import terms
from danlu.text.sentences import sentence_spans

VERSION = 1
KINDS = ("heading", "definition", "faq", "table", "cloze")

_EN_DEFINITION = re.compile(
    r"(?:(?P<article>An?|The)\s+)?(?P<term>[A-Za-z][\w+./-]*(?: [\w+./-]+){0,3}) (?P<verb>is|are|refers to|stands for|means) "
    r"(?=an?\b|the (?:process|name|act|set|program|tool|file|command|number|part|place|method|practice)\b|[a-z]+s that)"
)
_EN_NO_TERM = re.compile(
    r"^(?:it|this|that|these|those|there|here|he|she|they|we|you|i|what|which|who|one|such|if|when|where|as|for|in|on|at|by"
    r"|however|but|and|or|so|then|also|another|all|some|most|both|each|note|below|above|following|next|default|first|second|third|fourth|last|result"
    r"|reason|goal|purpose|problem|main|only|same|other|name|idea|answer|thing|way|example)\b"
    r"|\b(?:it|this|that|which|who|you|we|they|of these|there|not)$",
    re.IGNORECASE,
)
_ZH_DEFINITION = re.compile(
    "(?:所谓)?(?P<term>[\u4e00-\u9fffA-Za-z][\u4e00-\u9fffA-Za-z0-9 +./-]{1,19}?)\\s?(?:，|（[^）]{1,40}）|\\([^)]{1,40}\\))?"
    "(?P<verb>是指|指的是|的定义是|定义为|是一种|是一个|是一款|是一套|是一类|是用来|是用于)"
)
_ZH_NO_TERM = re.compile("^(?:这|那|它|他|她|我|你|其|此|该|本|如果|因为|所以|但|而|也|就|都|又|还|并|有|没|不|当|在|每|只|如|一|下面|以下|上面|结果|问题|目的|原因|意思)|(?:的|都|也|就|不|这|那|它|他|她|我|你|实际上|事实上|其实|仅仅|只)$")  # fmt: skip
_ASKED_EN = re.compile(r"^\s*(?:Q|Question)\s*[:.]\s*(?P<q>[^\n]+\?)\s*\n\s*(?:A|Answer)\s*[:.]\s*(?P<a>[^\n]+(?:\n(?!\s*\n|\s*Q)[^\n]+)*)", re.MULTILINE)  # fmt: skip
_ASKED_ZH = re.compile(r"^\s*[问Q]\s*[:：]\s*(?P<q>[^\n]+[?？])\s*\n\s*[答A]\s*[:：]\s*(?P<a>[^\n]+(?:\n(?!\s*\n|\s*[问Q])[^\n]+)*)", re.MULTILINE)  # fmt: skip
_HOW_EN = re.compile(r"^how (?:to|do i|can i|do you) ", re.IGNORECASE)
_HOW_ZH = re.compile("^(?:如何|怎样|怎么)")


def from_rules(
    document: Document, kinds: tuple[str, ...], random: Random, characters: int
) -> Iterator[Pair | Rejected]:
    """The pairs of a document in Chinese or English, in the order of the kinds; `characters` is the longest answer."""
    if document.language not in ("zh", "en"):
        return
    found = list(sections(document))
    if "heading" in kinds or "faq" in kinds:
        for section in found:
            pair = _heading(document, section, characters)
            if pair and pair.kind in kinds:
                yield pair
    if "definition" in kinds:
        yield from _definitions(document)
    if "faq" in kinds:
        yield from _asked(document)
    if "table" in kinds:
        yield from cells(document)
    if "cloze" in kinds:
        for section in found:
            yield from cloze(document, section, random)


def _heading(document: Document, section: Section, characters: int) -> Pair | None:
    """A heading as a question, answered by the first whole sentences below it; a heading of one word asks nothing."""
    if len(set(terms(section.heading))) < 2:
        return None
    text, start = document.text, section.blocks[0].start
    span = next(sentence_spans(text, start, section.blocks[-1].end), None)
    if span is None:
        return None
    start, end = span
    for _, stop in sentence_spans(text, start, section.blocks[-1].end):
        if stop - start > characters:
            break
        end = stop
    kind = "faq" if section.heading.endswith(("?", "？")) else "heading"
    return Pair(kind, _as_question(document, section), text[start:end], start, end)


def _as_question(document: Document, section: Section) -> str:
    heading = section.heading
    if heading.endswith(("?", "？")):
        return heading
    outer = section.headings[0] if len(section.headings) > 1 else document.title
    if document.language == "zh":
        if _HOW_ZH.match(heading):
            return f"{heading}？"
        return (
            f"关于“{heading}”，《{outer}》是怎么说的？"
            if outer and heading not in outer
            else f"“{heading}”是怎么回事？"
        )
    if _HOW_EN.match(heading):
        return f"How do I {_HOW_EN.sub('', heading)}?"
    return (
        f"What does “{outer}” say about “{heading}”?" if outer and heading not in outer else f"What about “{heading}”?"
    )


def _definitions(document: Document) -> Iterator[Pair]:
    chinese = document.language == "zh"
    form, refused = (_ZH_DEFINITION, _ZH_NO_TERM) if chinese else (_EN_DEFINITION, _EN_NO_TERM)
    for block in _prose(document):
        for start, end in sentence_spans(document.text, block.start, block.end):
            match = form.match(document.text, start, end)
            if match is None or refused.search(match["term"]) or not _is_name(match["term"], chinese):
                continue
            yield Pair("definition", _what_is(match, chinese), document.text[start:end], start, end)


def _is_name(term: str, chinese: bool) -> bool:
    """Something that can be defined; in Chinese without a verb in it, which would make it a clause."""
    if not terms(term):
        return False
    return not chinese or not any(tag == "v" for _, _, tag in tagged(term))


def _what_is(match: re.Match[str], chinese: bool) -> str:
    term, verb = match["term"], match["verb"]
    if chinese:
        return f"什么是{term}？"
    named = f"{match['article'].lower()} {term}" if match["article"] else term
    if verb in ("stands for", "means"):
        return f"What does {named} {'mean' if verb == 'means' else 'stand for'}?"
    return f"What {'are' if verb == 'are' else 'is'} {named}?"


def _asked(document: Document) -> Iterator[Pair]:
    for match in (_ASKED_ZH if document.language == "zh" else _ASKED_EN).finditer(document.text):
        answer = match["a"].rstrip()
        yield Pair("faq", match["q"].strip(), answer, match.start("a"), match.start("a") + len(answer))


def _prose(document: Document) -> Iterator[Block]:
    return (block for block in document.blocks if block.kind in ("text", "lines"))
