"""The checks of a release: what was measured, and the bound that it is held to."""

from typing import Any

from danlu.cli.speech import Speech
from danlu.core.artifacts import Release

Table = tuple[list[str], list[list[Any]]]


def checks_table(release: Release, say: Speech) -> Table:
    """Every check with its measured value and its bound, as header and rows."""
    rows = [
        [
            say(row["check"]),
            _figure(row["value"]),
            f"≥ {_figure(row['at_least'])}",
            say("yes") if row["passed"] else say("no"),
        ]
        for row in release.read()["checks"]
    ]
    return [say("check"), say("measured"), say("bound"), say("passed")], rows


def failed_checks(release: Release, say: Speech) -> list[str]:
    """A line for each check that failed."""
    return [
        say(
            "{check}: {value} measured, at least {bound} expected",
            check=say(row["check"]),
            value=_figure(row["value"]),
            bound=_figure(row["at_least"]),
        )
        for row in release.read()["checks"]
        if not row["passed"]
    ]


def _figure(value: float) -> str:
    return f"{value:.4g}"
