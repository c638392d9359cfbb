"""The curves of a training while it runs: loss by step in braille dots, rate, tokens a second, time left; plain lines where no terminal is.

A braille cell is two dots wide and four high (Unicode block U+2800), so a chart of 60 by 10 cells shows 120 by 40 points.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from danlu.core.errors import Phrase
from danlu.core.progress import PlainLines, Progress, Said

if TYPE_CHECKING:
    from rich.text import Text

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a cell's dots: rows from the top, left and right."""
_COLUMNS, _ROWS = 60, 10
_SMOOTHING_SHARE = 0.05
"""Of the steps so far, over which the smoothed line averages."""
_RECENT_STEPS = 20
_DRAWN_EVERY_S = 0.25

Dots = set[tuple[int, int]]


def smoothed(values: Sequence[float]) -> list[float]:
    """A moving average that gives old steps less and less weight, corrected for its start (Kingma & Ba 2015, section 3)."""
    keep = 1 - 1 / max(1.0, _SMOOTHING_SHARE * len(values))
    mean, found = 0.0, []
    for number, value in enumerate(values, 1):
        mean = keep * mean + (1 - keep) * value
        found.append(mean / (1 - keep**number))
    return found


def dots(values: Sequence[float], low: float, high: float, columns: int = _COLUMNS, rows: int = _ROWS) -> Dots:
    """Places of the values' dots, (column, row) from the top left; several values of one column are averaged."""
    wide, tall = 2 * columns, 4 * rows
    shown = _squeezed(values, wide)
    span = high - low or 1.0
    return {(column, round((high - value) / span * (tall - 1))) for column, value in shown}


def _squeezed(values: Sequence[float], wide: int) -> list[tuple[int, float]]:
    """Values spread over the width, the mean where several share a column."""
    by_column: dict[int, list[float]] = {}
    for number, value in enumerate(values):
        by_column.setdefault(number * wide // max(len(values), 1), []).append(value)
    return [(column, sum(group) / len(group)) for column, group in by_column.items()]


def cell(places: Dots, column: int, row: int) -> str:
    """The braille character of one cell; a space where it is empty."""
    bits = sum(_DOTS[y][x] for y in range(4) for x in range(2) if (2 * column + x, 4 * row + y) in places)
    return chr(0x2800 + bits) if bits else " "


def chart(losses: Sequence[float], columns: int = _COLUMNS, rows: int = _ROWS) -> "Text":
    """The loss by step, dim, and its smoothed line, bright, with the largest and the smallest value beside them."""
    from rich.text import Text

    text, finite = Text(), [loss for loss in losses if math.isfinite(loss)]
    if not finite:
        return text
    low, high = min(finite), max(finite)
    raw = dots(finite, low, high, columns, rows)
    line = dots(smoothed(finite), low, high, columns, rows)
    for row in range(rows):
        label = high if row == 0 else low if row == rows - 1 else None
        text.append(f"{label:8.3f} " if label is not None else " " * 9, "dim")
        for column in range(columns):
            bright = cell(line, column, row)
            text.append(bright if bright != " " else cell(raw, column, row), "cyan" if bright != " " else "dim")
        text.append("\n")
    return text


class Curves:
    """What is shown of a training on a terminal: a Progress, and an observer of the loop's steps."""

    def __init__(self, label: str, stream: TextIO, said: Said = str) -> None:
        from rich.console import Console
        from rich.live import Live

        self._label, self._said = label, said
        self._losses: list[float] = []
        self._last: Any = None
        self._seconds: list[float] = []
        self._total, self._drawn = 0, 0.0
        self._note = ""
        self._live = Live(console=Console(file=stream), auto_refresh=False, transient=True)
        self._live.start()

    def __call__(self, facts: Any) -> None:
        """After a step: danlu.loop.loop.StepFacts."""
        self._losses.append(facts.loss)
        self._seconds = [*self._seconds[1 - _RECENT_STEPS :], facts.wall_s]
        self._last = facts

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Draw, when the last drawing is old enough."""
        self._total, self._note = total, f"{done}/{total} {note}"
        now = time.monotonic()
        if now - self._drawn >= _DRAWN_EVERY_S or done == total:
            self._drawn = now
            self._live.update(self.drawing(), refresh=True)

    def line(self, text: str | Phrase) -> None:
        """Print one line above the chart."""
        self._live.console.print(self._said(text), highlight=False, markup=False)

    def close(self) -> None:
        """Remove the chart from the screen."""
        self._live.stop()

    def drawing(self) -> "Text":
        """The chart, and under it where the training stands."""
        text = chart(self._losses)
        if self._last is not None:
            return text.append(f"{self._label} {standing(self._last, self._total, self._seconds)}")
        return text.append(f"{self._label} {self._note}")


def standing(facts: Any, total: int, recent_s: Sequence[float]) -> str:
    """One line: step, loss, rate, speed, time left by the last steps' pace."""
    mean_s = sum(recent_s) / len(recent_s)
    left_s = round(mean_s * max(0, total - facts.done))
    speed = facts.tokens / max(facts.wall_s, 1e-9)
    return (
        f"{facts.done}/{total}  loss {facts.loss:.3f}  rate {facts.learning_rate:.2e}  gradient {facts.gradient_norm:.2f}"
        f"  {speed:,.0f} tokens/s  {left_s // 3600}:{left_s // 60 % 60:02}:{left_s % 60:02} left"
    )


@contextmanager
def watching(label: str, stream: TextIO | None = None, said: Said = str) -> Iterator[Progress]:
    """In place of danlu.core.progress.progress: curves on a terminal, plain lines elsewhere."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield PlainLines(label, stream, said=said)
        return
    curves = Curves(label, stream, said)
    try:
        yield curves
    finally:
        curves.close()
