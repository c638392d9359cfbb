"""Waivers of whole checks, laid over the findings; what a waiver is and how a file of them reads: danlu.text.waivers."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from danlu.core.errors import Phrase
from danlu.prove.finding import Finding, Verdict
from danlu.text.waivers import Waiver, Waivers


def apply_waivers(waivers: Waivers, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, where whole-check waivers turn a failure into a waived one; one that waives nothing is said."""
    whole = {waiver.check: waiver for waiver in waivers.entries if waiver.item is None}
    for finding in findings:
        waiver = whole.get(finding.check.name)
        yield finding if waiver is None else _waived(finding, waiver)


def _waived(finding: Finding, waiver: Waiver) -> Finding:
    if finding.verdict is not Verdict.FAIL:
        line = Phrase("waiver {place} waives nothing here: remove it", place=waiver.place)
        return replace(finding, evidence=(*finding.evidence, line))
    line = Phrase("waived: {reason} (waiver {place})", reason=waiver.reason, place=waiver.place)
    return replace(finding, verdict=Verdict.WAIVED, evidence=(line, *finding.evidence))
