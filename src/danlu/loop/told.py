"""What the first of several processes tells of a training, passed on to the people who started it: lines of JSON in a file."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase
from danlu.core.stages import Work

TOLD = "told.jsonl"
_LOOKED_EVERY_S = 0.2


class Teller:
    """The progress of a process, in the folder that it shares with the one that started it."""

    def __init__(self, scratch: Path) -> None:
        self._path = scratch / TOLD

    def advance(self, done: int, total: int, note: str = "") -> None:
        """How far it is."""
        self._tell("advance", [done, total, note])

    def line(self, text: str | Phrase) -> None:
        """A lasting line."""
        if isinstance(text, Phrase):
            self._tell("phrase", [text.template, text.values])
        else:
            self._tell("line", [text])

    def step(self, facts: Any) -> None:
        """An observer of the loop."""
        self._tell("step", [asdict(facts)])

    def _tell(self, kind: str, said: list[Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([kind, *said], default=str) + "\n")


@contextmanager
def following(work: Work) -> Iterator[None]:
    """Pass on what is told, until the context ends."""
    over = threading.Event()
    thread = threading.Thread(target=_follow, args=(work, over), name="following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _follow(work: Work, over: threading.Event) -> None:
    read, rest = 0, ""
    while True:
        is_last = over.is_set()
        with suppress(FileNotFoundError), (work.scratch / TOLD).open(encoding="utf-8") as file:
            file.seek(read)
            text = rest + file.read()
            read = file.tell()
            *lines, rest = text.split("\n")
            for line in lines:
                _pass_on(work, *json.loads(line))
        if is_last:
            return
        over.wait(_LOOKED_EVERY_S)


def _pass_on(work: Work, kind: str, *said: Any) -> None:
    from danlu.loop.loop import StepFacts

    if kind == "advance":
        work.progress.advance(*said)
    elif kind == "line":
        work.progress.line(*said)
    elif kind == "phrase":
        template, values = said
        work.progress.line(Phrase(template, **values))
    else:
        for observe in work.observers:
            observe(StepFacts(**said[0]))
