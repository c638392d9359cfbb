"""What a corpus says of a question's words, and the general questions that the refusal gate (near_gate.py) is set by.

Keyness is how much likelier a word is in a passage of the corpus than in twenty running words of text at large (the ratio of simple
maths, Kilgarriff 2009): "package" speaks for a manual of packages though every passage has it, "country" speaks against. Rare words that
the corpus lacks say nothing.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from danlu.retrieve.legs.search import Searcher
from danlu.text.frequency import RAREST

SMOOTH = 0.3
"""Passages that are thought to hold a word which none holds."""
PASSAGE_WORDS = 20
"""Of text at large. Fewer than a passage has, since a passage speaks of one thing and repeats its words."""
MOST_NATS = 4.0
"""One word speaks for or against a question by a factor of e^4 at most: one name must not decide."""
LANGUAGES = ("zh", "en")
CALIBRATION = 3
"""Version of the shipped questions, raised with any change of them: they shape the gate, and so the identity of an index."""
_SHIPPED = Path(__file__).parent / "calibration" / "off_domain.jsonl"


def keyness(searcher: Searcher, words: Sequence[str], holders: Mapping[str, int]) -> list[float]:
    """How much more each of a question's words is the corpus's than anybody's, in nats; `holders` as of the searcher."""
    shares = searcher.general(words)
    nats: list[float] = []
    for word in words:
        here = (holders.get(word, 0) + SMOOTH) / (searcher.size + 2 * SMOOTH)
        anywhere = 1 - (1 - shares.get(word, RAREST)) ** PASSAGE_WORDS
        ratio = max(-MOST_NATS, min(MOST_NATS, math.log(here / anywhere)))
        nats.append(ratio if word in holders else min(ratio, 0.0))
    return nats


def off_domain_questions(language: str, split: str) -> list[str]:
    """The general questions that ship with danlu: `calibrate` sets the gate, `test` only measures it."""
    rows = [json.loads(line) for line in _SHIPPED.read_text(encoding="utf-8").splitlines()]
    return [row["question"] for row in rows if row["lang"] == language and row["split"] == split]
