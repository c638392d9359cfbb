"""prove: check a model that any tool made, and tell what was found, as text, JSON or a page."""

import json
import os
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from danlu.cli.prove_facts import command, facts, told
from danlu.cli.speech import Speech
from danlu.cli.tables import padded, width
from danlu.core.errors import Phrase, UserError
from danlu.core.progress import Silent, progress
from danlu.prove.finding import Finding, Verdict
from danlu.prove.request import Request
from danlu.prove.run import Proof, prove
from danlu.prove.served.client import KEY

_MAX_THREADS = 8


def run(options: Namespace, say: Speech) -> int:
    """Run the checks and print them; 0 when nothing failed, 1 otherwise. Raises UserError when no check could run."""
    started = time.monotonic()
    page = _page(options.html)
    request = _request(options)
    with progress("prove") as shown:
        proof = prove(request, Silent() if options.json else shown)
    if options.json:
        print(json.dumps(told(facts(proof, options), Speech("en")), indent=2, ensure_ascii=False))
    else:
        _print(proof, options, say)
        _print_counts(proof, time.monotonic() - started, say)
    if page:
        from danlu.cli.prove_page import write_page

        write_page(page, facts(proof, options), say.language)
    if proof.exit_code == 2:
        raise UserError("no check could run on {path}", "what each would need is listed above", path=options.checkpoint)
    return proof.exit_code


def _request(options: Namespace) -> Request:
    return Request(
        checkpoint=Path(options.checkpoint),
        base=_path(options.base),
        adapter=_path(options.adapter),
        data=_path(options.data),
        tokens=_path(options.tokens),
        evaluation=_path(options.evaluation),
        waive=_path(options.waive),
        template=options.template,
        against=options.against,
        model=options.model,
        key=os.environ.get(KEY),
        allow_remote_code=options.allow_remote_code,
        only=options.only,
        threads=min(len(os.sched_getaffinity(0)), _MAX_THREADS),
    )


def _page(given: str | None) -> Path | None:
    """Where the page goes; a typing mistake is told before any work."""
    path = _path(given)
    if path and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise UserError("--html {path}: it cannot be written there", "name a file in a folder that exists", path=path)
    return path


def _path(given: str | None) -> Path | None:
    return None if given is None else Path(given)


def _print(proof: Proof, options: Namespace, say: Speech) -> None:
    """What passed, what was not asked for, and last what was and is not proven: the end is what stays on the screen."""
    column = max(width(finding.check.name) for finding in proof.findings) + 2
    for finding in proof.of(Verdict.PASS):
        print(f"{say(finding.verdict.value)}  {padded(finding.check.name, column)}{told(finding.said, say)}")
        _print_lines([line for line in finding.evidence if isinstance(line, Phrase)], say)
    open_ = proof.of(Verdict.NOT_CHECKABLE)
    _print_joined(proof.of(Verdict.NOT_APPLICABLE), say)
    _print_joined([finding for finding in open_ if not finding.blocked], say)
    _print_joined([finding for finding in open_ if finding.blocked], say)
    for finding in (*proof.of(Verdict.WAIVED), *proof.of(Verdict.FAIL)):
        _print_failure(finding, options, say)


def _print_joined(findings: Sequence[Finding], say: Speech) -> None:
    """Findings with the same reason in one paragraph."""
    by_reason: dict[str, list[Finding]] = {}
    for finding in findings:
        by_reason.setdefault(told(finding.said, say), []).append(finding)
    for reason, same in by_reason.items():
        verdict = say("given, but it cannot be checked") if same[0].blocked else say(same[0].verdict.value)
        print(f"\n{say('{verdict}: {reason}', verdict=verdict, reason=reason)}")
        print(f"  {', '.join(finding.check.name for finding in same)}")
        for need in sorted({told(finding.needs, say) for finding in same if finding.needs}):
            print(f"  {say('needs: {need}', need=need)}")
        _print_lines([line for finding in same for line in finding.evidence], say)


def _print_lines(lines: Sequence[str | Phrase], say: Speech) -> None:
    for line in lines:
        print(f"    {told(line, say)}")


def _print_failure(finding: Finding, options: Namespace, say: Speech) -> None:
    check = finding.check
    print(f"\n{say(finding.verdict.value).upper()}  {check.name}  {told(finding.said, say)}")
    _print_lines(finding.evidence, say)
    print(f"  {say('costs: {costs}', costs=told(check.costs, say))}")
    print(f"  {say('fix: {fix}', fix=told(check.fix, say))}")
    if check.threads:
        print(f"  {say('seen in: {threads}', threads=', '.join(check.threads))}")
    print(f"  {say('again: {command}', command=command(check, options))}")


def _print_counts(proof: Proof, wall_s: float, say: Speech) -> None:
    counted = [
        say("{count} {verdict}", count=len(found), verdict=say(verdict.value))
        for verdict in Verdict
        if (found := proof.of(verdict))
    ]
    print(f"\n{' · '.join(counted)} ({wall_s:.0f} s)")
