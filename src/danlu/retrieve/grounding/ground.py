"""Answer from passages, by quoting: all of an answer is verbatim in its source, with its place.

Windows of sentences are ranked by the share of the question's idf mass that they hold; where the heading itself answers
to the question, the first window below it is what was asked for. Nothing is generated, so nothing can be made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from danlu.core.answers import Citation, Grounded
from danlu.retrieve.claims.conflicts import Quoted, conflict_note, conflicts
from danlu.retrieve.claims.document_dates import document_date
from danlu.retrieve.grounding.cited import open_cited
from danlu.retrieve.grounding.table_quotes import header_of, holds_rows, is_header
from danlu.retrieve.legs.search import Hit, Searcher
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.rank import ranked, weights_of
from danlu.retrieve.refusal.near_gate import judge
from danlu.text.language import answer_language
from danlu.text.sections import weight
from danlu.text.segment import bigrams, terms
from danlu.text.sentences import is_row, sentence_spans

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
_COMPLETE = tuple('。.!！?？;；…"”’」』)）|')

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
    """Answer a question, or refuse in its language; its misspelt words are taken as the documents write them."""
    asked = spelt(searcher, question)
    return replace(_answered(searcher, asked.question), understood=asked.question if asked.changed else "")


def _answered(searcher: Searcher, question: str) -> Grounded:
    language = answer_language(question)
    legs, weights = searcher.legs(question), weights_of(searcher, language)
    judgement = judge(searcher, question, language, legs, weights)
    found = ranked(searcher, question, language, legs)
    quotes, clashes = _choose(searcher, question, searcher.hits(found[:READ_PASSAGES]), language)
    citations = tuple(cite(searcher, quote.hit, quote.start, quote.end) for quote in quotes)
    if judgement.refused or not quotes:
        return Grounded(REFUSALS[language], True, (), language, judgement.answer, citations)
    text = "\n\n".join(f"{quote.text} [{number}]" for number, quote in enumerate(quotes, 1))
    return Grounded(text, False, citations, language, judgement.answer, (), clashes)


def _choose(
    searcher: Searcher, question: str, hits: Sequence[Hit], language: str
) -> tuple[list[_Quote], tuple[str, ...]]:
    """The best window of each passage, as far as it comes near the best of all and adds to it or contradicts it; and how it does."""
    wanted = sorted({*terms(question), *bigrams(question)})
    idf = searcher.idf(wanted)
    whole = sum(idf.values())
    if not hits or not whole:
        return [], ()
    best, *others = sorted((_best_window(hit, idf, whole) for hit in hits), key=lambda quote: -quote.score)
    if best.score <= 0:
        return [], ()
    near = [quote for quote in others if quote.score >= _NEAR_BEST * best.score]
    for quote in near:  # two that contradict each other look alike: neither adds to the other
        if notes := _contradictions(searcher, question, best, quote, language):
            return _with_headers(searcher, [best, quote]), notes
    return _with_headers(searcher, [best, *[quote for quote in near if _adds(best, quote, idf)][: MOST_QUOTES - 1]]), ()


def _with_headers(searcher: Searcher, quotes: Sequence[_Quote]) -> list[_Quote]:
    """The header of a table before the first quote of its rows."""
    shown: dict[tuple[str, int], _Quote] = {}
    for quote in quotes:
        found = header_of(searcher, quote.hit, quote.start) if holds_rows(quote.text) else None
        if found is not None:
            shown.setdefault((quote.hit.doc_id, found[1]), _Quote(*found, quote.score))
        shown[quote.hit.doc_id, quote.start] = quote
    return list(shown.values())


def _contradictions(searcher: Searcher, question: str, one: _Quote, other: _Quote, language: str) -> tuple[str, ...]:
    query = "SELECT source, meta FROM documents WHERE doc_id = ?"
    quoted = []
    for quote in (one, other):
        [(source, meta)] = searcher.rows(query, (quote.hit.doc_id,))
        quoted.append(Quoted(quote.text, source, document_date(meta, source)))
    return tuple(conflict_note(clash, quoted, language) for clash in conflicts(quoted, question))


def _adds(best: _Quote, other: _Quote, idf: dict[str, float]) -> bool:
    """Whether another quote holds parts of the question that the best one does not: else it repeats, or only refers."""
    alone = _held(best.text, idf)
    return _held(f"{best.text}\n{other.text}", idf) >= (1 + _WORTH_ADDING) * alone


def _best_window(hit: Hit, idf: dict[str, float], whole: float) -> _Quote:
    in_heading = _held(hit.headings, idf) / whole
    spans = _with_what_they_introduce(hit.text, list(sentence_spans(hit.text)))
    windows = []
    header = ""
    for first, (start, end) in enumerate(spans):
        text = hit.text[start:end]
        header = (text if is_header(text) else header) if is_row(text) else ""
        following: Sequence[tuple[int, int]] = spans[first : first + _SENTENCES]
        if is_row(text) and text != header:
            following = _alike(hit.text, following, idf)
        end = _window_end(hit.text, following)
        worth = _held(f"{header}\n{hit.text[start:end]}", idf) / whole + _LEAD * in_heading / (1 + first)
        windows.append(_Quote(hit, hit.start + start, hit.start + end, worth * (0.5 + hit.score / 2)))
    return max(windows, key=lambda quote: quote.score)


def _alike(text: str, rows: Sequence[tuple[int, int]], idf: dict[str, float]) -> Sequence[tuple[int, int]]:
    """The first row and those after it that answer as much: a row stands for itself, and is not quoted for its place."""
    first = _held(text[slice(*rows[0])], idf)
    return list(takewhile(lambda span: _held(text[slice(*span)], idf) >= first > 0, rows)) or rows[:1]


def _window_end(text: str, spans: Sequence[tuple[int, int]]) -> int:
    """Where a window of these sentences ends: as many as a quote may hold."""
    return max(end for _, end in spans if end == spans[0][1] or weight(text[spans[0][0] : end]) <= _QUOTE_WEIGHT)


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
    return open_cited(searcher, hit.doc_id).cite(hit, start, end)
