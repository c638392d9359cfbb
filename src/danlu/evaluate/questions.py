"""Evaluate an index on a user's own questions: is the known answer found and quoted, and the rest refused.

One JSON object per line: `question`, and either `file` and `quote`, a verbatim piece of the answer in that file, or neither,
for a question that should be refused. Beside them, where they apply: `earlier`, the questions asked before in the same
conversation; `conflict`, whether two documents contradict each other on it; `kind`, a word of the user's by which refusals are counted
apart, such as near or off.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Index, Report
from danlu.core.errors import Phrase, UserError
from danlu.core.outside import DataFile, read_lines
from danlu.core.retrieval import Retrieval
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.evaluate.question_figures import Asked, figures
from danlu.text.sections import RULES
from danlu.text.segment import LIBRARIES

_HINT = 'Expected {{"question": "...", "file": "...", "quote": "..."}} per line, or the question alone.'


_FIELDS = ("question", "file", "quote", "earlier", "conflict", "kind")
_PROVENANCE = ("split", "language", "doc_id", "start", "end")
"""What `danlu synthesize` notes beside a question, and this has no use for."""


def read_questions(path: Path) -> list[Asked]:
    """The questions of a file; raises UserError that names the line and what is wrong with it."""
    rows = [_row(path, number, line) for number, line in read_lines(path)]
    if not rows:
        raise UserError("{path} has no questions", _HINT, path=path)
    return rows


def _row(path: Path, number: int, line: str) -> Asked:
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        row = None
    if problem := _problem(row):
        raise UserError("{path}, line {number}: {problem}", _HINT, path=path, number=number, problem=problem)
    given = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    return Asked(**(given | {"earlier": tuple(given.get("earlier", ()))}))


def _problem(row: Any) -> Phrase | None:
    """What is wrong with a line; None when nothing is."""
    if not isinstance(row, dict) or not _is_text(row.get("question")):
        return Phrase("not a question")
    unknown = sorted(set(row) - {*_FIELDS, *_PROVENANCE})
    if unknown:
        return Phrase("unknown field {field}; the fields are {fields}", field=unknown[0], fields=", ".join(_FIELDS))
    given = {name: value for name, value in row.items() if value is not None}
    if ("file" in given) != ("quote" in given):
        return Phrase("`file` and `quote` belong together")
    if "kind" in given and "quote" in given:
        return Phrase("`kind` is for a question that should be refused")
    if given.get("conflict") and "quote" not in given:
        return Phrase("`conflict` is for a question with `file` and `quote`")
    wrong = [name for name in ("file", "quote", "kind") if name in given and not _is_text(given[name])]
    earlier = given.get("earlier", [])
    wrong += [] if isinstance(earlier, list) and all(map(_is_text, earlier)) else ["earlier"]
    wrong += [] if isinstance(given.get("conflict", False), bool) else ["conflict"]
    return Phrase("`{field}` is {value}", field=wrong[0], value=json.dumps(given[wrong[0]])[:80]) if wrong else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def evaluate_questions(retrieval: Retrieval) -> Stage[Report]:
    """The stage that measures an index on questions."""
    return Stage(
        "evaluate", version=2, makes=Report, body=partial(_evaluate, retrieval), numeric=True,
        libraries=("numpy", *LIBRARIES), rules=RULES,
    )  # fmt: skip


def _evaluate(retrieval: Retrieval, work: Work, config: Config, *, index: Index, file: DataFile) -> Facts:
    rows = read_questions(file.path)
    report = {"questions": figures(retrieval, index, rows, work.seed)}
    text = json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False)
    (work.folder / "report.json").write_text(text + "\n", encoding="utf-8")
    return Facts({"questions": len(rows)})
