"""Which of the known names somebody meant: the nearest first, for messages about one that does not exist."""

import difflib
from collections.abc import Iterable


def nearest_first(name: str, known: Iterable[str]) -> list[str]:
    """What is known, what is spelt most like `name` first; equally like, in the order given."""
    return sorted(known, key=lambda one: -_likeness(name.lower(), one.lower()))


def _likeness(name: str, one: str) -> float:
    """A name inside the other counts before letters: `phone` is `mobile_phone` before it is `iban`."""
    return difflib.SequenceMatcher(None, name, one).ratio() + (name in one or one in name)
