"""Evaluate an index on a user's own questions: is the known answer quoted, and the rest refused.

One JSON object per line: `question`, and either `file` and `quote`, a verbatim piece of the answer in that file, or neither,
for a question that should be refused.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from danlu.core.answers import Grounded
from danlu.core.artifacts import Index, Report
from danlu.core.errors import UserError
from danlu.core.outside import DataFile, read_lines
from danlu.core.retrieval import Retrieval
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.sections import RULES

_HINT = 'Expected {{"question": "...", "file": "...", "quote": "..."}} per line, or the question alone.'


def read_questions(path: Path) -> list[dict[str, str]]:
    """The questions of a file; raises UserError that names the line."""
    rows = [_row(path, number, line) for number, line in read_lines(path)]
    if not rows:
        raise UserError("{path} has no questions", _HINT, path=path)
    return rows


def _row(path: Path, number: int, line: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        row = None
    fits = isinstance(row, dict) and isinstance(row.get("question"), str)
    known = [row.get(name) for name in ("file", "quote")] if fits else []
    if not fits or not (known == [None, None] or all(isinstance(value, str) and value for value in known)):
        raise UserError("{path}, line {number}: not a question", _HINT, path=path, number=number)
    checked: dict[str, str] = row
    return checked


def evaluate_questions(retrieval: Retrieval) -> Stage[Report]:
    """The stage that measures an index on questions."""
    return Stage(
        "evaluate", version=1, makes=Report, body=partial(_evaluate, retrieval), numeric=True,
        libraries=("numpy", "PyStemmer", "rjieba"), rules=RULES,
    )  # fmt: skip


def _evaluate(retrieval: Retrieval, work: Work, config: Config, *, index: Index, file: DataFile) -> Facts:
    rows = read_questions(file.path)
    answers = retrieval.answers(index, [row["question"] for row in rows])
    answerable = [(row, answer) for row, answer in zip(rows, answers, strict=True) if row.get("quote")]
    others = [answer for row, answer in zip(rows, answers, strict=True) if not row.get("quote")]
    report = {"questions": _figures(answerable, others)}
    (work.folder / "report.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Facts({"questions": len(rows)})


def _figures(answerable: Sequence[tuple[dict[str, str], Grounded]], others: Sequence[Grounded]) -> dict[str, Any]:
    return {
        "answerable": len(answerable),
        "answered": sum(not answer.refused for _, answer in answerable),
        "answer_quoted": sum(_quotes(answer, row) for row, answer in answerable),
        "unanswerable": len(others),
        "refused": sum(answer.refused for answer in others),
    }


def _quotes(answer: Grounded, row: dict[str, str]) -> bool:
    """Whether a citation of the known file holds the known answer, white space apart.

    `file` may be the end of a source's name, since a name begins with the folder that was indexed.
    """
    wanted = "".join(row["quote"].split())
    return any(
        _same_file(citation.source, row["file"]) and wanted in "".join(citation.quote.split())
        for citation in answer.citations
    )


def _same_file(source: str, file: str) -> bool:
    return f"/{source}".endswith(f"/{file}") or f"/{file}".endswith(f"/{source}")
