"""Which sentences of the cited passages a sentence stands on: the fewest that hold most of its content words.

Numbers do not choose them: else a wrong number would find the sentence in which it is right.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from danlu.retrieve.claims.clauses import Clause, clauses
from danlu.retrieve.claims.content import Vocabulary, Word, content_words
from danlu.text.sentences import sentence_spans

_MOST_SENTENCES = 3
_WORTH_ADDING = 0.12
"""A further sentence must hold this share of the words, none of which those before it hold."""
_LONGEST_RUN = 3
_OTHER_WORDS = 0.15
"""What a word of a clause that the other does not have takes off, in words in common."""

_TIE, _CONTEXT = 0.05, 0.09
"""Both together are less than one other word."""

Weigh = Callable[[Sequence[str]], Mapping[str, float]]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a cited passage, at `[start, end)` of the text of passage `number`."""

    number: int
    start: int
    end: int
    text: str

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What it holds."""
        return Vocabulary.of(self.text)


@dataclass(frozen=True)
class Scope:
    """The sentences that one sentence of an answer is held against."""

    sentences: tuple[Sentence, ...]
    headings: str
    words: tuple[Word, ...]
    """Of the answer's sentence."""

    @property
    def text(self) -> str:
        """Their text, a line each."""
        return "\n".join(sentence.text for sentence in self.sentences)

    @property
    def places(self) -> list[tuple[int, int, int]]:
        """Number, start and end of what is quoted: sentences in a row are one quote."""
        found: list[tuple[int, int, int]] = []
        for sentence in self.sentences:
            if found and found[-1][0] == sentence.number and sentence.start - found[-1][2] <= 2:
                found[-1] = (*found[-1][:2], sentence.end)
            else:
                found.append((sentence.number, sentence.start, sentence.end))
        return found

    @cached_property
    def sentence_clauses(self) -> list[Clause]:
        """All their clauses."""
        return [clause for sentence in self.sentences for clause in clauses(sentence.text)]

    @cached_property
    def held(self) -> frozenset[str]:
        """The keys of their content words."""
        return frozenset(word.key for sentence in self.sentences for word in content_words(sentence.text))

    def clause_for(self, said: Clause) -> Clause:
        """The run of up to three neighbouring clauses that has most in common with one of an answer."""
        runs = [run for sentence in self.sentences for run in _runs(sentence.text)]
        return max(runs, key=lambda run: _likeness(said, run))

    def nearest(self, said: Clause) -> Clause:
        """The one clause that has most in common with one of an answer."""
        return max(
            self._with_context, key=lambda pair: _likeness(said, pair[0]) + pair[1] + _TIE * _same(said, pair[0])
        )[0]

    @cached_property
    def _with_context(self) -> list[tuple[Clause, float]]:
        """Clauses, and by how much more of the whole answer's sentence stands beside them."""
        return [
            (clause, _CONTEXT * sum(map(sentence.vocabulary.holds, self.words)) / max(len(self.words), 1))
            for sentence in self.sentences
            for clause in clauses(sentence.text)
        ]


def _same(said: Clause, source: Clause) -> bool:
    """Whether both have a number in common: decides between clauses that are equally like, and nothing else."""
    values = {(one.kind, one.value) for one in source.counted}
    return any((one.kind, one.value) in values for one in said.counted)


def _runs(text: str) -> Iterator[Clause]:
    cut = clauses(text)
    for first, clause in enumerate(cut):
        for last in cut[first : first + _LONGEST_RUN]:
            yield Clause(text[clause.start : last.end], clause.start, last.end)


def _likeness(said: Clause, source: Clause) -> float:
    common = sum(source.vocabulary.holds(word) for word in said.words)
    return common - _OTHER_WORDS * max(len(source.words) - common, 0)


def scope_of(sentence: str, cited: Sequence[tuple[int, str, str]], weigh: Weigh | None) -> Scope:
    """What a sentence stands on; `cited` are number, text and headings. Without a sentence where nothing is in common."""
    words = content_words(sentence)
    idf = weigh([word.key for word in words]) if weigh else {}
    candidates = [part for number, text, _ in cited for part in _sentences(number, text)]
    chosen: list[Sentence] = []
    left, whole = list(words), _mass(words, idf)
    while left and len(chosen) < _MOST_SENTENCES:
        best = max(candidates, key=lambda one: _held(one, left, idf), default=None)
        gain = _held(best, left, idf) if best else 0.0
        if best is None or gain <= 0 or (chosen and gain < _WORTH_ADDING * whole):
            break
        chosen.append(best)
        left = [word for word in left if not best.vocabulary.holds(word)]
    ordered = tuple(sorted(chosen, key=lambda one: (one.number, one.start)))
    used = {one.number for one in ordered}
    return Scope(ordered, "\n".join(headings for number, _, headings in cited if number in used), words)


def _held(sentence: Sentence, words: Sequence[Word], idf: Mapping[str, float]) -> float:
    return _mass([word for word in words if sentence.vocabulary.holds(word)], idf)


def _mass(words: Sequence[Word], idf: Mapping[str, float]) -> float:
    return sum(idf.get(word.key, 1.0) for word in words)


def _sentences(number: int, text: str) -> Iterator[Sentence]:
    """Sentences, and rows of tables."""
    for start, end in sentence_spans(text):
        yield Sentence(number, start, end, text[start:end])
