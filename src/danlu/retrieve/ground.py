"""Answer from passages, by quoting: all of an answer is verbatim in its source, with its place.

Windows of sentences are ranked by the share of the question's idf mass that they hold; where the heading itself answers
to the question, the first window below it is what was asked for. Nothing is generated, so nothing can be made up.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from danlu.core.answers import Citation, Grounded
from danlu.retrieve.gate import Gate, support
from danlu.retrieve.search import Hit, Searcher, Weights
from danlu.text.language import answer_language
from danlu.text.offsets import OffsetMap, Piece
from danlu.text.sections import weight
from danlu.text.segment import bigrams, terms
from danlu.text.sentences import sentence_spans

READ_PASSAGES = 4
MOST_QUOTES = 2
_SENTENCES = 4
_QUOTE_WEIGHT = 600
"""Half-widths: a quote is up to four sentences in a row, since an answer rarely stands in one alone."""
_NEAR_BEST = 0.75
"""A second passage is quoted when its best window is worth this share of the best of all."""
_WORTH_ADDING = 0.1
"""And when it adds this share to what the best window holds of the question."""
_LEAD = 0.5
"""What standing first below a heading that holds the whole question is worth, in shares of the question."""
_COMPLETE = tuple('。.!！?？;；…"”’」』)）')

REFUSALS = {
    "zh": "资料中没有找到可以回答这个问题的内容。",
    "en": "I found nothing in the documents that answers this question.",
}


@dataclass(frozen=True)
class _Quote:
    """A window of sentences in a passage; offsets are the cleaned document's."""

    hit: Hit
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The words of the window."""
        return self.hit.text[self.start - self.hit.start : self.end - self.hit.start]


def answer(searcher: Searcher, question: str) -> Grounded:
    """Answer a question, or refuse in its language."""
    language = answer_language(question)
    found = support(searcher, question)
    gate = Gate(**searcher.fact("gate"))
    hits = (
        []
        if gate.refuses(found, language)
        else searcher.search(question, weights_of(searcher, language), READ_PASSAGES)
    )
    quotes = _choose(searcher, question, hits)
    if not quotes:
        return Grounded(REFUSALS[language], True, (), language, found)
    citations = tuple(cite(searcher, quote.hit, quote.start, quote.end) for quote in quotes)
    text = "\n\n".join(f"{_shown(quote)} [{number}]" for number, quote in enumerate(quotes, 1))
    return Grounded(text, False, citations, language, found)


def weights_of(searcher: Searcher, language: str) -> Weights:
    """The fusion weights that were measured for a language."""
    return Weights(**searcher.fact("weights")[language])


def _shown(quote: _Quote) -> str:
    return quote.text.replace("\t", " | ")


def _choose(searcher: Searcher, question: str, hits: Sequence[Hit]) -> list[_Quote]:
    """The best window of each passage, as far as it comes near the best of all."""
    wanted = sorted({*terms(question), *bigrams(question)})
    idf = searcher.idf(wanted)
    whole = sum(idf.values())
    if not hits or not whole:
        return []
    ranked = sorted((_best_window(hit, idf, whole) for hit in hits), key=lambda quote: -quote.score)
    best, others = ranked[0], ranked[1:]
    near = [quote for quote in others if quote.score >= _NEAR_BEST * best.score and _adds(best, quote, idf)]
    return [best, *near[: MOST_QUOTES - 1]] if best.score > 0 else []


def _adds(best: _Quote, other: _Quote, idf: dict[str, float]) -> bool:
    """Whether another quote holds parts of the question that the best one does not: else it repeats, or only refers."""
    alone = _held(best.text, idf)
    return _held(f"{best.text}\n{other.text}", idf) >= (1 + _WORTH_ADDING) * alone


def _best_window(hit: Hit, idf: dict[str, float], whole: float) -> _Quote:
    in_heading = _held(hit.headings, idf) / whole
    spans = _with_what_they_introduce(hit.text, list(sentence_spans(hit.text)))
    windows = []
    for first, (start, end) in enumerate(spans):
        for further in spans[first + 1 : first + _SENTENCES]:
            if weight(hit.text[start : further[1]]) > _QUOTE_WEIGHT:
                break
            end = further[1]
        worth = _held(hit.text[start:end], idf) / whole + _LEAD * in_heading / (1 + first)
        windows.append(_Quote(hit, hit.start + start, hit.start + end, worth * (0.5 + hit.score / 2)))
    return max(windows, key=lambda quote: quote.score)


def _with_what_they_introduce(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A line that does not end like a sentence introduces what follows it: a list, a command."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if (
            joined
            and not text[joined[-1][0] : joined[-1][1]].endswith(_COMPLETE)
            and weight(text[joined[-1][0] : end]) <= _QUOTE_WEIGHT
        ):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _held(text: str, idf: dict[str, float]) -> float:
    return sum(idf[term] for term in sorted({*terms(text), *bigrams(text)}) if term in idf)


def cite(searcher: Searcher, hit: Hit, start: int, end: int) -> Citation:
    """The verbatim quote of a span of a document's cleaned text, in its extraction."""
    query = "SELECT source, extraction, offsets, pages FROM documents WHERE doc_id = ?"
    [(source, extraction, offsets, pages)] = searcher.rows(query, (hit.doc_id,))
    page = next((page for begins, page in reversed(json.loads(pages)) if begins <= start), None)
    pieces = OffsetMap(tuple(Piece(*piece) for piece in json.loads(offsets)))
    source_start, source_end = pieces.to_source(start, end)
    quote = extraction[source_start:source_end]
    return Citation(source, page, source_start, source_end, quote, f"{hit.section}@{hit.start}")
