"""What tells whether the documents hold the answer to a question, measured on the passages that were found for it.

The best passages are read as an answer by windows of three sentences with the heading above them, so that no sign depends on how long
a passage is: how much of the question one window holds, the weightiest noun or name that it lacks, whether a heading names what is asked. Beside
these stand signs of the corpus: whether its words are the question's own (keyness), what of the question it lacks altogether, how near the
best passage is by meaning. For Chinese there is a last one, free of any segmenter: the share of the question's characters that one sentence holds.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from danlu.retrieve.legs.search import Hit, Scores, Searcher, Weights, fuse
from danlu.retrieve.refusal.asked import Stretch, Weighed, asked, weigh
from danlu.retrieve.refusal.gate import keyness
from danlu.text.han_forms import simplified
from danlu.text.segment import fold, han_characters, terms
from danlu.text.sentences import sentence_spans

FEATURES = (
    "keyness", "mean keyness", "unknown", "missing", "covered", "pointed", "heading", "held", "characters", "dense"
)  # fmt: skip
"""keyness      how much more the words are the corpus's than anybody's, in nats, summed over four; and on average
unknown      share of the question's weight in words that the corpus lacks
missing      the weightiest noun or name that a window lacks, below zero; the best window
covered      share of the question's weight that a window holds; the best one
pointed      the same with weights squared: the weightiest words decide
heading      the same in the headings of a passage; the best passage
held         weight that a window holds, over twenty; the best one
characters   share of a Chinese question's characters and Latin words in one sentence and its heading; 1 for a question without Han
dense        highest cosine of a passage"""

READ = 8
"""Passages that are read. The answer of a question that is answered stands among the first eight or is not shown."""
WINDOW = 3
"""Sentences: about what is quoted. Characters are counted in one: in three, five and eight the test questions were told apart no better (mean
AUROC in Chinese .834, .825 and .820 against .836)."""
LATIN_CHARACTERS = 3
"""A Latin word of a Chinese question counts as so many characters: it is a name or a command, and rarely another way to say something.
With 1, 2 and 3 the mean AUROC of five corpora was .819, .832 and .845 (over whole passages), without Latin words .784."""
DECIDING = ("noun", "name")
KEYNESS_WORDS, HELD_WEIGHT = 4, 20
"""They only bring two sums near one, as a ridge wants it."""


def features(searcher: Searcher, question: str, legs: Mapping[str, Scores], weights: Weights) -> list[float] | None:
    """The values of FEATURES, for what `legs` found; None for a question that says nothing, or for which nothing was found."""
    words = list(dict.fromkeys(terms(question)))
    hits = searcher.hits(fuse(legs, weights)[:READ])
    if not words or not hits:
        return None
    weighed = weigh(searcher, asked(question))
    latin = frozenset(word for word in words if word.isascii())
    passages = [_sentences(hit, bool(latin)) for hit in hits]
    windows = [weighed.held(_joined(window)) for found in passages for window in _windows(found, WINDOW)]
    lines = [_joined(window) for found in passages for window in _windows(found, 1)]
    headings = [weighed.held(_stretch(hit.headings, bool(latin))) for hit in hits]
    keys = keyness(searcher, words, searcher.holders(words))
    found = {
        "keyness": sum(keys) / KEYNESS_WORDS,
        "mean keyness": sum(keys) / len(keys),
        "unknown": _share(weighed.weights, [float(word in weighed.lacking) for word in weighed.words]),
        "missing": -min(_heaviest_lost(weighed, held) for held in windows),
        "covered": max(_share(weighed.weights, held) for held in windows),
        "pointed": max(_pointed(weighed.weights, held) for held in windows),
        "heading": max(_pointed(weighed.weights, held) for held in headings),
        "held": max(_mass(weighed.weights, held) for held in windows) / HELD_WEIGHT,
        "characters": _characters(question, latin, lines),
        "dense": max(legs["dense"].values(), default=0.0),
    }
    return [found[name] for name in FEATURES]


def _stretch(text: str, latin: bool) -> Stretch:
    """Stems are only looked for where the question has Latin words: cutting Chinese text is what costs."""
    return Stretch(simplified(fold(text)), frozenset(terms(text)) if latin else frozenset())


def _sentences(hit: Hit, latin: bool) -> tuple[Stretch, list[Stretch]]:
    """The innermost heading of a passage, and its sentences."""
    spans = list(sentence_spans(hit.text)) or [(0, 0)]
    heading = _stretch(hit.headings.split(" › ")[-1], latin)
    return heading, [_stretch(hit.text[start:end], latin) for start, end in spans]


def _windows(passage: tuple[Stretch, list[Stretch]], size: int) -> Iterator[list[Stretch]]:
    """Every stretch of so many sentences in a row, with the heading above them."""
    heading, sentences = passage
    for first in range(max(len(sentences) - size, 0) + 1):
        yield [heading, *sentences[first : first + size]]


def _joined(stretches: Sequence[Stretch]) -> Stretch:
    return Stretch(
        " ".join(stretch.folded for stretch in stretches), frozenset().union(*(stretch.stems for stretch in stretches))
    )


def _mass(weights: Sequence[float], held: Sequence[float]) -> float:
    return sum(weight * share for weight, share in zip(weights, held, strict=True))


def _share(weights: Sequence[float], held: Sequence[float]) -> float:
    """0 for a question all of whose words say little."""
    return _mass(weights, held) / (sum(weights) or 1.0)


def _pointed(weights: Sequence[float], held: Sequence[float]) -> float:
    return _share([weight * weight for weight in weights], held)


def _heaviest_lost(weighed: Weighed, held: Sequence[float]) -> float:
    lost = (
        weight * (1 - share)
        for word, weight, share in zip(weighed.words, weighed.weights, held, strict=True)
        if word.kind in DECIDING
    )
    return max(lost, default=0.0)


def _characters(question: str, latin: Collection[str], lines: Sequence[Stretch]) -> float:
    wanted = han_characters(simplified(question))
    if not wanted:
        return 1.0
    whole = len(wanted) + LATIN_CHARACTERS * len(latin)
    held = (
        sum(character in line.folded for character in wanted)
        + LATIN_CHARACTERS * sum(word in line.stems for word in latin)
        for line in lines
    )
    return max(held) / whole
