"""Two ready encoders as one (danlu.model.joined_encoder): how much each counts in the questions of a language.

Three mixtures stand for choice: both, so that their cosines spread equally, and either alone. The calibration questions of a
language choose for it. A language that has too few of them gets the encoders that read both languages: in documents in English
alone, English questions may go by the one that knows English best, and Chinese ones by the one that knows any Chinese.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danlu.model.encoder import READS_ACROSS, note_across
from danlu.model.joined_encoder import JoinedEncoder, beside, part_folder, save_joined, shared
from danlu.train.retriever.across import LANGUAGES
from danlu.train.retriever.candidates import Candidate
from danlu.train.retriever.judge import FEWEST, SHARES, Found, Judge, Read, best_way

_MOST_SPREAD = 64
"""Questions by which the spread of cosines is told."""
_DECIMALS = 4

Mixture = tuple[float, ...]


@dataclass(frozen=True)
class Joined:
    """A joined encoder with what it found."""

    candidate: Candidate
    found: Found


def joined(judge: Judge, parts: Sequence[Candidate], reads: Sequence[Read]) -> Joined | None:
    """Join the encoders; None where one of them alone is best for every language."""
    choices = {language: _choices(judge, language, parts, reads) for language in LANGUAGES}
    found = [_found(judge, reads, {name: mixtures[way] for name, mixtures in choices.items()}) for way in range(3)]
    ways = Found(np.stack([one.alone_Q for one in found]), np.vstack([one.fused_SQ for one in found]))
    chosen = {language: _chosen(judge, ways, language) for language in LANGUAGES}
    shares = {language: choices[language][chosen[language]] for language in LANGUAGES}
    if len(set(shares.values())) == 1 and 0.0 in next(iter(shares.values())):
        return None
    alone_Q = ways.alone_Q[[chosen[question.language] for question in judge.questions], np.arange(len(judge.questions))]
    return Joined(_candidate(parts, shares), replace(ways, alone_Q=alone_Q))


def _choices(judge: Judge, language: str, parts: Sequence[Candidate], reads: Sequence[Read]) -> list[Mixture]:
    """Three mixtures for a language: both parts, the first, the second; three times the same where no question can choose."""
    asked = judge.side(calibrates=True, language=language)
    able = [part.across >= READS_ACROSS for part in parts]
    if len(asked) < FEWEST:
        alone = tuple(float(reads_both or not any(able)) for reads_both in able)
        return [alone] * 3
    some = asked[:: -(-len(asked) // _MOST_SPREAD)]
    weights = [1 / max(_spread(read.questions_QD[some], read.passages_ND), 1e-6) for read in reads]
    total = sum(weights)
    return [tuple(round(weight / total, _DECIMALS) for weight in weights), (1.0, 0.0), (0.0, 1.0)]


def _spread(questions_QD: np.ndarray, passages_ND: np.ndarray) -> float:
    cosines_QN = questions_QD @ passages_ND.T
    return float((cosines_QN - cosines_QN.mean(axis=1, keepdims=True)).std())


def _found(judge: Judge, reads: Sequence[Read], shares: dict[str, Mixture]) -> Found:
    texts = [question.text for question in judge.questions]
    passages_ND = beside([read.passages_ND for read in reads])
    return judge.found(Read(passages_ND, shared([read.questions_QD for read in reads], texts, shares)))


def _chosen(judge: Judge, ways: Found, language: str) -> int:
    """The number of the mixture by which the most is found."""
    return best_way(ways, judge.side(calibrates=True, language=language)) // len(SHARES)


def _candidate(parts: Sequence[Candidate], shares: dict[str, Mixture]) -> Candidate:
    across = max(part.across for part in parts)

    def save(folder: Path) -> None:
        save_joined(shares, folder)
        note_across(folder, across)
        for number, part in enumerate(parts):
            place = part_folder(folder, number)
            place.mkdir()
            part.save(place)

    licences = tuple(licence for part in parts for licence in part.licences)
    encoder = JoinedEncoder(tuple(part.encoder for part in parts), shares)
    return Candidate(" + ".join(part.name for part in parts), encoder, save, 0.0, across, licences)
