"""`danlu prove`: every check that the given inputs allow, in the order of the way from the files to the served model.

Groups are independent: what one cannot read makes its own checks not checkable, and the others run.
"""

import difflib
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from danlu.core.errors import DanluError, Phrase, UserError
from danlu.core.progress import Progress
from danlu.prove import groups
from danlu.prove.finding import Check, Finding, Verdict, in_words
from danlu.prove.request import Request, Subject
from danlu.prove.rows.checks import ROWS, unreadable
from danlu.prove.waivers import apply_waivers
from danlu.text.waivers import Waivers, read_waivers


@dataclass(frozen=True)
class Proof:
    """All findings of one run, in order."""

    findings: tuple[Finding, ...]

    def of(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings with this verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, 1 for a failure, 2 when no check could run."""
        if self.of(Verdict.FAIL):
            return 1
        looked_at = (Verdict.PASS, Verdict.WAIVED, Verdict.NOT_APPLICABLE)
        return 0 if any(finding.verdict in looked_at for finding in self.findings) else 2


def prove(request: Request, progress: Progress) -> Proof:
    """Run the checks. Raises UserError when the checkpoint is none, or an option names something that is not there."""
    wanted = _wanted(request.only)
    waivers = read_waivers(request.waive, _names()) if request.waive else Waivers()
    subject = Subject(request, waivers)
    chosen = [group for group in groups.GROUPS if wanted & {check.name for check in group.checks}]
    findings: list[Finding] = []
    for number, group in enumerate(chosen):
        progress.advance(number, len(chosen), group.name)
        checks = tuple(check for check in group.checks if check.name in wanted)
        findings += _guarded(checks, lambda group=group: group.work(subject, progress))  # type: ignore[misc]
    if subject.unread and ROWS.name not in wanted:
        findings.append(unreadable(subject.unread))
    return Proof(tuple(apply_waivers(waivers, findings)))


def _guarded(checks: tuple[Check, ...], work: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of these checks of a group, as far as they are needed; what could not be read makes the others not checkable."""
    left = {check.name: check for check in checks}
    try:
        for finding in work():
            if left.pop(finding.check.name, None):
                yield finding
            if not left:
                return
        raise AssertionError(f"no finding for {', '.join(left)}")
    except DanluError as error:
        said, needs = in_words(error, Phrase("input that can be read"))
        yield from (check.blocked(said, needs) for check in left.values())
    except Exception as error:  # noqa: BLE001  # one check that breaks must not hide what the others found
        traceback.print_exc(file=sys.stderr)
        said = Phrase("the check itself broke: {kind}: {problem}", kind=type(error).__name__, problem=error)
        needs = Phrase("a report to danlu's authors with the traceback above")
        yield from (check.blocked(said, needs) for check in left.values())


def _names() -> tuple[str, ...]:
    return tuple(check.name for group in groups.GROUPS for check in group.checks)


def _wanted(only: str | None) -> set[str]:
    """Names of the checks to run."""
    names = set(_names())
    if only is None:
        return names
    found = {name for name in names if name == only or name.startswith(f"{only}.")}
    if not found:
        known = [*names, *{name.partition(".")[0] for name in names}]
        near = difflib.get_close_matches(only, known, 1)
        raise UserError(
            "--only {only}: no check has this name",
            "did you mean {near}? all names: docs/prove.md" if near else "all names: docs/prove.md",
            only=only,
            near=near[0] if near else "",
        )
    return found
