"""Answer from passages, by quoting: all of an answer is verbatim in its source, with its place.

Windows of sentences are ranked by the share of the question's idf mass that they hold, and by how near they come to it in meaning
where the index's encoder reads; where the heading itself answers to the question, the first window below it is what was asked for.
Nothing is generated, so nothing can be made up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from danlu.core.answers import Citation, Grounded
from danlu.retrieve.claims.conflicts import Quoted, conflict_note, conflicts
from danlu.retrieve.claims.document_dates import document_date
from danlu.retrieve.grounding.cited import open_cited
from danlu.retrieve.grounding.table_quotes import header_of, holds_rows
from danlu.retrieve.grounding.windows import Asked, Quote, best_window, held
from danlu.retrieve.legs.search import Hit, Scores, Searcher
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.rank import ranked, weights_of
from danlu.retrieve.refusal.answerable import features
from danlu.retrieve.refusal.near_gate import gate_of
from danlu.retrieve.refusal.nearness import READ_PASSAGES, Nearness, Scale, nearness
from danlu.retrieve.tables.twins import file_to_name
from danlu.text.language import answer_language
from danlu.text.segment import bigrams, terms

_READ_OF_LEGS = {"words": 2, "bigrams": 1}
"""Best passages of the lexical legs that are read whatever their place in the fusion: a row of a price list lies deep in the dense leg,
and an order that was learnt from headings may put it twelfth. Of 161 English and 184 Chinese questions 56 and 61 were answered by the right
sentence so, and 54 and 58 without (benchmarks/near_domain.jsonl)."""
MOST_QUOTES = 2
_NEAR_BEST = 0.75
"""A second passage is quoted when its best window is worth this share of the best of all."""
_WORTH_ADDING = 0.1
"""And when it adds this share to what the best window holds of the question."""
_NEAR_CONTRADICTS = 0.5
"""Share of the best for one that contradicts it: an older rule often stands below a heading that says less."""

REFUSALS = {
    "zh": "资料中没有找到可以回答这个问题的内容。",
    "en": "I found nothing in the documents that answers this question.",
}


def answer(searcher: Searcher, question: str) -> Grounded:
    """Answer a question, or refuse in its language; its misspelt words are taken as the documents write them."""
    asked = spelt(searcher, question)
    understood, others = asked.question if asked.changed else "", tuple(searcher.other_names(asked.question))
    return replace(_answered(searcher, asked.question), understood=understood, other_names=others)


def _answered(searcher: Searcher, question: str) -> Grounded:
    language = answer_language(question)
    legs, weights = searcher.legs(question), weights_of(searcher, language)
    hits = searcher.hits(_read(ranked(searcher, question, language, legs), legs))
    gate = gate_of(searcher)
    units = gate.scale(language)
    near = nearness(searcher, question, hits) if units else None
    judgement = gate.judge(features(searcher, question, legs, weights), language, near)
    quotes, clashes = _choose(searcher, question, _asked(searcher, question, hits, near, units), hits, language)
    citations = tuple(cite(searcher, quote.hit, quote.start, quote.end) for quote in quotes)
    if judgement.refused or not quotes:
        return Grounded(REFUSALS[language], True, (), language, judgement.answer, citations)
    text = "\n\n".join(f"{quote.text} [{number}]" for number, quote in enumerate(quotes, 1))
    return Grounded(text, False, citations, language, judgement.answer, (), clashes)


def _read(found: Sequence[tuple[int, float]], legs: Mapping[str, Scores]) -> list[tuple[int, float]]:
    """The passages that are read, with their fused scores: the best of all, then the best of the lexical legs."""
    scores = dict(found)
    best = {
        id: scores[id]
        for leg, count in _READ_OF_LEGS.items()
        for id in sorted(legs[leg], key=lambda id: (-legs[leg][id], id))[:count]
        if id in scores
    }
    return list((dict(found[:READ_PASSAGES]) | best).items())


def _asked(searcher: Searcher, question: str, hits: Sequence[Hit], near: Nearness | None, units: Scale | None) -> Asked:
    idf = searcher.idf(sorted({*terms(question), *bigrams(question)}))
    spreads = {hit.id: [units.spreads(cosine) for cosine in near.cosines[hit.id]] for hit in hits if units and near}
    return Asked(idf, sum(idf.values()), spreads)


def _choose(
    searcher: Searcher, question: str, asked: Asked, hits: Sequence[Hit], language: str
) -> tuple[list[Quote], tuple[str, ...]]:
    """The best window of each passage, as far as it comes near the best of all and adds to it or contradicts it; and how it does."""
    if not hits or not asked.whole:
        return [], ()
    best, *others = sorted((best_window(hit, asked) for hit in hits), key=lambda quote: -quote.score)
    if best.score <= 0:
        return [], ()
    for quote in others:  # two that contradict each other look alike: neither adds to the other
        if quote.score < _NEAR_CONTRADICTS * best.score:
            break
        if notes := _contradictions(searcher, question, best, quote, language):
            return _with_headers(searcher, [best, quote]), notes
    adding = [quote for quote in others if quote.score >= _NEAR_BEST * best.score and _adds(best, quote, asked.idf)]
    return _with_headers(searcher, [best, *adding[: MOST_QUOTES - 1]]), ()


def _with_headers(searcher: Searcher, quotes: Sequence[Quote]) -> list[Quote]:
    """The header of a table before the first quote of its rows."""
    shown: dict[tuple[str, int], Quote] = {}
    for quote in quotes:
        found = header_of(searcher, quote.hit, quote.start) if holds_rows(quote.text) else None
        if found is not None:
            shown.setdefault((quote.hit.doc_id, found[1]), Quote(*found, quote.score))
        shown[quote.hit.doc_id, quote.start] = quote
    return list(shown.values())


def _contradictions(searcher: Searcher, question: str, one: Quote, other: Quote, language: str) -> tuple[str, ...]:
    query = "SELECT source, meta FROM documents WHERE doc_id = ?"
    quoted = []
    for quote in (one, other):
        [(own, meta)] = searcher.rows(query, (quote.hit.doc_id,))
        twin = file_to_name(searcher.rows, quote.hit.doc_id, searcher.seen_by)
        source = twin[0] if twin else own  # what the closed file says of itself is not the twin's
        quoted.append(Quoted(quote.text, source, document_date("" if twin else meta, source)))
    return tuple(conflict_note(clash, quoted, language) for clash in conflicts(quoted, question))


def _adds(best: Quote, other: Quote, idf: Mapping[str, float]) -> bool:
    """Whether another quote holds parts of the question that the best one does not: else it repeats, or only refers."""
    alone = held(best.text, idf)
    return held(f"{best.text}\n{other.text}", idf) >= (1 + _WORTH_ADDING) * alone


def cite(searcher: Searcher, hit: Hit, start: int, end: int) -> Citation:
    """The verbatim quote of a span of a document's cleaned text, in its extraction."""
    return open_cited(searcher, hit.doc_id).cite(hit, start, end)
