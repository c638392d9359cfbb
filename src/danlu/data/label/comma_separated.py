"""Labels as a table: one row for each answer, for spreadsheets and for what other tools convert to.

Columns that are read: `doc_id` and `text_hash`, or `text`, to find the document; `label` (several divided by `|`); `annotator`; `choices`.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from danlu.core.errors import UserError
from danlu.data.label.answers import Answer, Task

_OFFERED = "choices"
"""The labels that people choose from, so that one that is misspelt can be told when the table comes back."""
_COLUMNS = ("doc_id", "text_hash", "source", "text", "label", "annotator", "suggested", "probability", _OFFERED)


def write(folder: Path, tasks: Sequence[Task], names: Sequence[str]) -> None:
    """`tasks.csv`, UTF-8 with a mark, as spreadsheet programs want it: `label` is left for people to fill in."""
    beside = list(tasks[0].beside) if tasks else []
    with (folder / "tasks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow([*_COLUMNS, *beside])
        for task in tasks:
            best = task.labels[0] if task.labels else None
            suggested = [best.label, best.probability] if best else ["", ""]
            row = [task.doc_id, task.text_hash, task.source, task.text, "", "", *suggested, "|".join(names)]
            table.writerow([*row, *(task.beside.get(name, "") for name in beside)])
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def read(path: Path) -> list[Answer]:
    """The answers of a table; a row without a label is one that waits."""
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError("{path} is no CSV in UTF-8: {problem}", path=path, problem=str(error)) from None
    columns = set(rows[0]) if rows else set()
    if rows and ("label" not in columns or not columns & {"doc_id", "text"}):
        raise UserError(
            "{path} has the columns {columns}",
            "It needs `label`, and `doc_id` or `text` to find the document by.",
            path=path,
            columns=", ".join(sorted(str(column) for column in columns)),
        )
    return [_answer(number, row) for number, row in enumerate(rows, start=2)]


def _answer(line: int, row: dict[str, str]) -> Answer:
    labels, offered = (
        tuple(name.strip() for name in (row.get(column) or "").split("|") if name.strip())
        for column in ("label", _OFFERED)
    )
    return Answer(
        f"line {line}", row.get("doc_id") or "", row.get("text_hash") or "", row.get("text") or "",
        row.get("annotator") or "", labels, state="answered" if labels else "waiting", offered=offered,
    )  # fmt: skip
