"""Which encoder a corpus is served best by: its help to lexical search, on heading questions, by a paired test.

What counts is the fused ranking: an encoder that finds more alone may find nothing that words do not find as well. So an
encoder is judged by BM25 and its cosines together. Both are divided by their best, the cosines after the corpus's mean is
taken off (models differ in how near to each other they put everything). How much the cosines count is chosen by language, on
one half of the questions for the other half. An encoder takes another's place when it is better in enough resamples of the
calibration questions; what is reported are held-out questions, which choose nothing.

The index measures its own weights later, with legs of its own; this room knows no index, and needs only an order of encoders.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.core.artifacts import Chats
from danlu.model.encoder import Encoder, Vectors
from danlu.text.heading_questions import HELD_OUT, TRAIN, HeadingQuestion, read_heading_questions
from danlu.text.ranking import TOP, utility
from danlu.text.statistics import paired_interval, share_of_resamples_won
from danlu.train.embedding.lexical import Lexical

SHARES = (0.15, 0.3, 0.5, 0.7)
"""Of the cosines in the fused score."""
_MOST_QUESTIONS = 1000
"""Of a side; evenly spaced where there are more, since each is scored against every passage."""
_CHUNK = 64
FEWEST = 20
"""Questions of a language from which it is chosen what cannot be seen in fewer."""
_FEWEST_LOSSES = 6

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A heading question: the numbers of the sections that answer it, and whether it calibrates or is held out."""

    text: str
    language: str
    sections: frozenset[int]
    calibrates: bool


@dataclass(frozen=True)
class Read:
    """What an encoder makes of a corpus: its passages and questions as vectors."""

    passages_ND: Vectors
    questions_QD: Vectors


@dataclass(frozen=True)
class Found:
    """Reciprocal ranks by question of one encoder: alone, and fused in several ways S, which are the shares of `SHARES`.

    For a joined encoder there are as many ways for each of its mixtures. 0 beyond ten sections.
    """

    alone_Q: Scores
    fused_SQ: Scores


class Judge:
    """The passages and questions of a corpus, with the lexical scores that every encoder is fused with.

    Questions that no passage answers are left out. Raises nothing without questions: then every comparison is empty.
    """

    def __init__(self, texts: Sequence[str], sections: Sequence[str], chats: Chats) -> None:
        self.texts = texts
        names = {name: number for number, name in enumerate(dict.fromkeys(sections))}
        self._section_N = np.array([names[name] for name in sections], dtype=np.int64)
        self._sections = len(names)
        self.questions = _asked(read_heading_questions(chats.questions), names)
        self._lexical = Lexical.of(texts)

    def read(self, encoder: Encoder) -> Read:
        """The vectors of all passages and questions; of none where there is no question."""
        if not self.questions:
            nothing = np.zeros((0, encoder.dimensions), dtype=np.float32)
            return Read(nothing, nothing)
        asked = [question.text for question in self.questions]
        return Read(encoder.encode(self.texts), encoder.encode_questions(asked))

    def found(self, read: Read) -> Found:
        """How early an encoder finds the answers of every question, alone and fused."""
        alone_Q = np.zeros(len(self.questions))
        fused_SQ = np.zeros((len(SHARES), len(self.questions)))
        for start in range(0, len(self.questions), _CHUNK):
            asked = self.questions[start : start + _CHUNK]
            words = [question.text for question in asked]
            cosines_QN = (read.questions_QD[start : start + _CHUNK] @ read.passages_ND.T).astype(np.float64)
            for at, (question, cosines_N, lexical_N) in enumerate(
                zip(asked, cosines_QN, self._lexical.scores(words), strict=True), start
            ):
                alone_Q[at] = self._reciprocal_rank(cosines_N, question)
                above_N = _of_best(cosines_N - cosines_N.mean())
                for share_at, share in enumerate(SHARES):
                    fused_N = (1 - share) * _of_best(lexical_N) + share * above_N
                    fused_SQ[share_at, at] = self._reciprocal_rank(fused_N, question)
        return Found(alone_Q, fused_SQ)

    def side(self, *, calibrates: bool, language: str | None = None) -> NDArray[np.int64]:
        """The numbers of the questions of a side."""
        chosen = [
            at for at, question in enumerate(self.questions)
            if question.calibrates == calibrates and language in (None, question.language)
        ]  # fmt: skip
        return np.array(chosen, dtype=np.int64)

    def fused(self, found: Found) -> Scores:
        """Reciprocal ranks by question at shares that the question itself had no part in choosing.

        Calibration questions are scored at what the other half of their language chose, held-out ones at what all of it chose.
        """
        ranks_Q = np.zeros(len(self.questions))
        for language in {question.language for question in self.questions}:
            learnt = self.side(calibrates=True, language=language)
            halves = learnt[::2], learnt[1::2]
            others = self.side(calibrates=False, language=language)
            for judged, by in ((halves[0], halves[1]), (halves[1], halves[0]), (others, learnt)):
                ranks_Q[judged] = found.fused_SQ[best_way(found, by), judged]
        return ranks_Q

    def _reciprocal_rank(self, scores_N: Scores, question: Asked) -> float:
        best_S = np.full(self._sections, -np.inf)
        np.maximum.at(best_S, self._section_N, scores_N)
        right = max(question.sections, key=lambda section: (best_S[section], -section))
        if best_S[right] <= 0:
            return 0.0
        before = (best_S > best_S[right]).sum() + (best_S[:right] == best_S[right]).sum()
        return float(1 / (1 + before)) if before < TOP else 0.0


def _asked(rows: Sequence[HeadingQuestion], names: dict[str, int]) -> list[Asked]:
    found = []
    for side in (TRAIN, HELD_OUT):
        questions = [
            Asked(row.text, row.language, frozenset(names[s] for s in row.sections if s in names), side == TRAIN)
            for row in rows if row.split == side and any(s in names for s in row.sections)
        ]  # fmt: skip
        kept = np.unique(np.linspace(0, len(questions) - 1, min(len(questions), _MOST_QUESTIONS)).astype(np.int64))
        found += [questions[at] for at in kept.tolist()]
    return found


def _of_best(scores_N: Scores) -> Scores:
    best = float(scores_N.max())
    return np.maximum(scores_N, 0) / best if best > 0 else np.zeros(len(scores_N))


def best_way(found: Found, questions: NDArray[np.int64]) -> int:
    """The way in which the most is found; the first mixture with the second smallest share, 0.3, where nothing says."""
    return int(utility(found.fused_SQ[:, questions]).mean(axis=1).argmax()) if len(questions) else 1


def not_worse(gain_Q: Scores, seed: int) -> bool:
    """Whether no loss beyond chance was seen. In fewer than six questions none can be: five losses of five are chance at .03 (sign test)."""
    return len(gain_Q) < _FEWEST_LOSSES or share_of_resamples_won(gain_Q, seed) > 0.025


def takes_place(gain_Q: Scores, trials: int, seed: int) -> bool:
    """Whether a gain is beyond chance: above zero in 97.5 % of the resamples, and in more when several are tried (Bonferroni)."""
    return bool(len(gain_Q)) and share_of_resamples_won(gain_Q, seed) >= 1 - 0.025 / trials


def interval(gain_Q: Scores, seed: int) -> list[float]:
    """The 95 % interval of the mean gain and the mean in its middle; zeros without a question."""
    return [round(value, 4) for value in paired_interval(gain_Q, seed)] if len(gain_Q) else [0.0, 0.0, 0.0]
