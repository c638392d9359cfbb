"""The stage that proves a recipe's own models by the checks that anyone can run: template, loss mask, merge, split."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Chats, Checkpoint, Report
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.adapter_record import ADAPTER, read_record
from danlu.prove.finding import Finding, Verdict
from danlu.prove.request import Request
from danlu.prove.run import prove

_DIGITS = 4
"""Significant digits of a figure that are recorded: those of float32 arithmetic that mean something."""


def _prove(work: Work, config: Config, *, base: Checkpoint, tuned: Checkpoint, chats: Chats) -> Facts:
    requests = {"base": Request(base.path, threads=work.threads, seed=work.seed)}
    if not tuned.skipped:
        requests["tuned"] = Request(
            tuned.path,
            base=base.path,
            adapter=_plain_adapter(tuned.path / ADAPTER),
            data=chats.train,
            tokens=_there(tuned.path / "tokens.parquet"),  # a private training keeps none
            evaluation=chats.held_out if chats.held_out.read_text(encoding="utf-8").strip() else None,
            threads=work.threads,
            seed=work.seed,
        )
    findings = {name: prove(request, work.progress).findings for name, request in requests.items()}
    _write_report(work.folder / "report.json", findings)
    every = [finding for found in findings.values() for finding in found]
    counts = {verdict.value: sum(finding.verdict is verdict for finding in every) for verdict in Verdict}
    failed = ", ".join(sorted({finding.check.name for finding in every if finding.is_unproven}))
    return Facts({name: count for name, count in counts.items() if count}, note=f"failed: {failed}" if failed else "")


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _plain_adapter(folder: Path) -> Path | None:
    """A LoRA adapter that was merged into the base's own weights, so that the merge can be done again from the two.

    QLoRA's goes into weights that no folder holds, and fine-tuning itself compares every other method's logits.
    """
    record = read_record(folder)
    return folder if folder.is_dir() and (record is None or record.method == "lora") else None


def _write_report(path: Path, findings: Mapping[str, Sequence[Finding]]) -> None:
    report = {"proof": {name: [_fact(finding) for finding in found] for name, found in findings.items()}}
    path.write_text(json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _fact(finding: Finding) -> dict[str, Any]:
    """A finding as data; what varies from folder to folder (paths in sentences) stays out of what passed."""
    told = finding.is_unproven
    return {
        "check": finding.check.name,
        "verdict": finding.verdict.value,
        "unproven": finding.is_unproven,
        "said": str(finding.said) if told else "",
        "evidence": [str(line) for line in finding.evidence] if told else [],
        "measured": {name: _rounded(value) for name, value in finding.measured.items()},
    }


def _rounded(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


prove_models = Stage(
    "prove", version=3, makes=Report, body=_prove, numeric=True,
    libraries=("jinja2", "numpy", "peft", "safetensors", "tokenizers", "torch", "transformers"),
)  # fmt: skip
