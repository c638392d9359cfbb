"""Progress of long work: a bar on a terminal, plain lines elsewhere (logs, CI, pipes)."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from danlu.core.errors import Phrase

Said = Callable[[str | Phrase], str]
"""How a line is said in the user's language; `str` says it in English."""


class Progress(Protocol):
    """What a stage body may say about how far it is."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Report `done` of `total` units; `note` is a short fact such as a loss."""

    def line(self, text: str | Phrase) -> None:
        """Print one lasting line; a phrase in the user's language."""


class Silent:
    """Says nothing: for tests, for child processes and for `--json`."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Drop the report."""

    def line(self, text: str | Phrase) -> None:
        """Drop the line."""


class PlainLines:
    """One line at the start and at most one every `every_s` seconds after it."""

    def __init__(self, label: str, stream: TextIO, every_s: float = 10.0, said: Said = str) -> None:
        self._label, self._stream, self._every_s, self._said = label, stream, every_s, said
        self._last = time.monotonic()

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Print the report when the last one is old enough."""
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            self.line(f"{self._label}: {done}/{total} {note}".rstrip())

    def line(self, text: str | Phrase) -> None:
        """Print one line at once."""
        print(self._said(text), file=self._stream, flush=True)


class Bar:
    """A rich progress bar; rich is imported only when a terminal is there to show it."""

    def __init__(self, label: str, stream: TextIO, said: Said = str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._said = said
        self._rich = RichProgress(
            *columns, TextColumn("{task.fields[note]}"), console=Console(file=stream), transient=True
        )
        self._task = self._rich.add_task(label, total=None, note="")
        self._rich.start()

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Move the bar."""
        self._rich.update(self._task, completed=done, total=total, note=note)

    def line(self, text: str | Phrase) -> None:
        """Print one line above the bar."""
        self._rich.console.print(self._said(text), highlight=False, markup=False)

    def close(self) -> None:
        """Remove the bar from the screen."""
        self._rich.stop()


@contextmanager
def progress(label: str, stream: TextIO | None = None, said: Said = str) -> Iterator[Progress]:
    """Show the progress of the work called `label` on `stream` (default: standard error)."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield PlainLines(label, stream, said=said)
        return
    bar = Bar(label, stream, said)
    try:
        yield bar
    finally:
        bar.close()
