"""Parts of a server's answer, read only in the shape that is documented; of another one, what came instead is told."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from danlu.core.endpoints import Refused
from danlu.core.errors import Phrase

_SHOWN = 80


class Misshapen(Refused):
    """The server answered with HTTP 200, and not in the shape of its API."""

    def __init__(self, part: str | Phrase, came: object, expected: Phrase) -> None:
        self.part, self.expected = part, expected
        self.came: str | Phrase = Phrase("nothing") if came is None else _shown(came)
        super().__init__(200, f"{self.part}: {self.came}")


@contextmanager
def reading(part: str | Phrase, came: object, expected: Phrase) -> Iterator[None]:
    """Raise Misshapen where what is read inside is not there, or of another type."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise Misshapen(part, came, expected) from None


def text(part: str, came: object) -> str:
    """A text; an empty one for null. Raises Misshapen for anything else."""
    if came is not None and not isinstance(came, str):
        raise Misshapen(part, came, Phrase("text"))
    return came or ""


def count(part: str, came: object) -> int | None:
    """A whole number, or None where none is told. Raises Misshapen for anything else."""
    if came is not None and (not isinstance(came, int) or isinstance(came, bool) or came < 0):
        raise Misshapen(part, came, Phrase("a whole number"))
    return came


def ids(part: str, came: object) -> tuple[int, ...] | None:
    """Token ids, or None where none are told. Raises Misshapen for anything else."""
    if not came:
        return None
    if not isinstance(came, list) or not all(isinstance(id, int) for id in came):
        raise Misshapen(part, came, Phrase("a list of token ids"))
    return tuple(came)


def section(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an answer; an empty one where it is null or left out. Raises Misshapen for anything else."""
    came = said.get(name)
    if came is not None and not isinstance(came, dict):
        raise Misshapen(name, came, Phrase("an object"))
    return came or {}


def _shown(came: object) -> str:
    """As JSON, on one line and not long."""
    written = json.dumps(came, ensure_ascii=False)
    return written if len(written) <= _SHOWN else f"{written[: _SHOWN - 1]}…"
