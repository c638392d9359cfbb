"""Answers that were worked out already, for the same question to the same state of an index by somebody who may see the same.

The set of principals and the generation are part of the key: nobody gets an answer that was made for another set, and no
answer outlives a change.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from danlu.core.answers import Grounded

_MOST_ANSWERS = 1000
"""About 3 kB each."""


@dataclass(frozen=True)
class Asked:
    """What decides an answer."""

    release: str
    generation: int
    """Of its live index."""
    principals: frozenset[str]
    question: str
    writer: str = ""
    """The id of the model that may put the answer in its own words for these principals; empty where none may."""


class AnswerCache:
    """The newest answers. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Asked, Grounded] = OrderedDict()

    def find(self, asked: Asked) -> Grounded | None:
        """The answer to this; None when it was not asked lately."""
        with self._lock:
            found = self._answers.get(asked)
            if found:
                self._answers.move_to_end(asked)
            return found

    def keep(self, asked: Asked, answer: Grounded) -> None:
        """Remember an answer, and forget the one that was asked for longest ago when there are too many."""
        with self._lock:
            self._answers[asked] = answer
            while len(self._answers) > _MOST_ANSWERS:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._answers.clear()
