"""Answer from passages, by quoting: every sentence of an answer is verbatim in its source, with its place.

Sentences are ranked by the share of the question's idf mass that they hold; where the heading itself answers to the
question, its first sentences are what was asked for. Nothing is generated, so nothing can be made up.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from danlu.core.answers import Citation, Grounded
from danlu.retrieve.gate import Gate, support
from danlu.retrieve.search import Hit, Searcher, Weights
from danlu.text.language import answer_language
from danlu.text.offsets import OffsetMap, Piece
from danlu.text.segment import bigrams, terms
from danlu.text.sentences import sentence_spans

READ_PASSAGES = 4
MOST_SENTENCES = 3
_NEAR_BEST = 0.6
"""A further sentence is quoted when it holds this share of what the best one holds."""
_LEAD = 0.5
"""What standing first below a heading that holds the whole question is worth, in shares of the question."""
_INTRODUCES = (":", "：")

REFUSALS = {
    "zh": "资料中没有找到可以回答这个问题的内容。",
    "en": "I found nothing in the documents that answers this question.",
}


@dataclass(frozen=True)
class _Sentence:
    hit: Hit
    order: int
    start: int
    end: int
    score: float
    last: bool


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
    sentences = _choose(searcher, question, hits)
    if not sentences:
        return Grounded(REFUSALS[language], True, (), language, found)
    citations = tuple(cite(searcher, sentence.hit, sentence.start, sentence.end) for sentence in sentences)
    text = "\n".join(f"{_shown(sentence)} [{number}]" for number, sentence in enumerate(sentences, 1))
    return Grounded(text, False, citations, language, found)


def weights_of(searcher: Searcher, language: str) -> Weights:
    """The fusion weights that were measured for a language."""
    return Weights(**searcher.fact("weights")[language])


def _shown(sentence: _Sentence) -> str:
    hit = sentence.hit
    return hit.text[sentence.start - hit.start : sentence.end - hit.start].replace("\t", " | ")


def _choose(searcher: Searcher, question: str, hits: Sequence[Hit]) -> list[_Sentence]:
    """The best sentences of the best passages, in the order of the ranking and then of the text."""
    wanted = sorted({*terms(question), *bigrams(question)})
    idf = searcher.idf(wanted)
    whole = sum(idf.values())
    if not hits or not whole:
        return []
    ranked = sorted(
        (sentence for hit in hits for sentence in _sentences(hit, idf, whole)),
        key=lambda s: (-s.score, -s.hit.score, s.order),
    )
    chosen = [sentence for sentence in ranked[:MOST_SENTENCES] if sentence.score >= _NEAR_BEST * ranked[0].score]
    position = {hit.id: number for number, hit in enumerate(hits)}
    return sorted(chosen, key=lambda sentence: (position[sentence.hit.id], sentence.start))


def _sentences(hit: Hit, idf: dict[str, float], whole: float) -> list[_Sentence]:
    in_heading = _held(hit.headings, idf) / whole
    spans = _with_what_they_introduce(hit.text, list(sentence_spans(hit.text)))
    found = []
    for order, (start, end) in enumerate(spans):
        score = _held(hit.text[start:end], idf) / whole + _LEAD * in_heading / (1 + order)
        found.append(
            _Sentence(
                hit, order, hit.start + start, hit.start + end, score * (0.5 + hit.score / 2), order == len(spans) - 1
            )
        )
    return found


def _with_what_they_introduce(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """A sentence that ends in a colon says nothing without the next."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and text[joined[-1][0] : joined[-1][1]].endswith(_INTRODUCES):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _held(text: str, idf: dict[str, float]) -> float:
    return sum(idf[term] for term in {*terms(text), *bigrams(text)} if term in idf)


def cite(searcher: Searcher, hit: Hit, start: int, end: int) -> Citation:
    """The verbatim quote of a span of a document's cleaned text, in its extraction."""
    [(source, offsets)] = searcher.rows("SELECT source, offsets FROM documents WHERE doc_id = ?", (hit.doc_id,))
    pieces = OffsetMap(tuple(Piece(*piece) for piece in json.loads(offsets)))
    source_start, source_end = pieces.to_source(start, end)
    [(quote,)] = searcher.rows(
        "SELECT substr(extraction, ?, ?) FROM documents WHERE doc_id = ?",
        (source_start + 1, source_end - source_start, hit.doc_id),
    )
    return Citation(source, hit.page, source_start, source_end, quote, f"{hit.section}@{hit.start}")
