"""Release: name the parts that are served, by id and content hash, and state which checks they passed.

A release is itself an artifact, so it is immutable, and its own id follows from its parts. A model that failed a check of
its proof is withheld: the release names it, and nobody serves it. Until the full gate exists other failed checks are
stated and do not block.
"""

import json
from typing import Any

from danlu.core.artifacts import Artifact, Release, Report
from danlu.core.stages import Config, Facts, Stage, Work

CITATIONS_VALID = 1.0
OFF_DOMAIN_REFUSED = 0.98
FEWEST_QUESTIONS = 6
"""By which a loss can be told from chance at all; with fewer the fusion is not checked."""
_OF_FIGURES = "contamination."
PROVEN = 1.0
"""Share of passed checks among those that could run."""


def _release(work: Work, config: Config, *, report: Report, proof: Report, **parts: Artifact) -> Facts:
    proven = proof.read()["proof"]
    checks = [*check(report.read()), *(_proof_row(name, findings) for name, findings in sorted(proven.items()))]
    named = {**parts, "proof": proof, "report": report}
    facts = {
        "parts": {
            name: {"stage": part.manifest.stage, "id": part.id, "content_hash": part.manifest.content_hash}
            for name, part in named.items()
        },
        "checks": checks,
        "withheld": withheld(proven),
        "writer": writer(report.read()),
    }
    (work.folder / "release.json").write_text(
        json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    licences = tuple(sorted({licence for part in named.values() for licence in part.manifest.licences}))
    failed = [row["check"] for row in checks if not row["passed"]]
    counts = {"checks": len(checks), "passed": len(checks) - len(failed)}
    return Facts(counts, licences, note=f"failed: {', '.join(failed)}" if failed else "")


def check(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Each check with what was measured and the bound it is held to."""
    rows = [_row("citations are verbatim", report["answers"]["citation_validity"], CITATIONS_VALID)]
    rows += [
        _row(f"off-domain questions refused ({language})", figures["share"], OFF_DOMAIN_REFUSED)
        for language, figures in sorted(report["refusal"].items())
    ]
    return rows + [
        _row(f"fused is no worse than the best leg beyond noise ({language})", table["fused_gain"]["high"], 0.0)
        for language, table in sorted(report["retrieval_blind"].items())
        if table["fused"]["questions"] >= FEWEST_QUESTIONS
    ]


def withheld(proven: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """Models that must not be served, with the checks that they failed.

    Evaluation items among the training rows are no reason: they spoil a model's figures, not its replies.
    """
    failed = {
        name: [check for check in _failed(found) if not check.startswith(_OF_FIGURES)] for name, found in proven.items()
    }
    return {name: checks for name, checks in failed.items() if checks}


def writer(report: dict[str, Any]) -> str:
    """The model that passed the gate for answers in its own words; empty where none did."""
    return next((name for name, figures in sorted(report.get("written", {}).items()) if figures["passed"]), "")


def _proof_row(name: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    passed = sum(finding["verdict"] == "pass" for finding in findings)
    return _row(f"proof of the model ({name})", passed / max(passed + len(_failed(findings)), 1), PROVEN)


def _failed(findings: list[dict[str, Any]]) -> list[str]:
    """Checks that failed, or could not look at what they were given."""
    return [finding["check"] for finding in findings if finding["unproven"]]


def _row(name: str, value: float, bound: float) -> dict[str, Any]:
    return {"check": name, "value": value, "at_least": bound, "passed": value >= bound}


release = Stage("release", version=4, makes=Release, body=_release)
