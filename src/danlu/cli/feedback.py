"""feedback show, export: what people think of answers."""

import json
from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from danlu.answer.state import State
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.project import find_project
from danlu.core.store import write_atomically
from danlu.serve.gateway.books import FILE
from danlu.serve.observe.feedback import Judged, judged, learnt

_SHOWN_CHARACTERS = 40


def show(options: Namespace, say: Speech) -> None:
    """One line for each answer that was judged, newest last."""
    rows = list(judged(_file()))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
        return
    ratings = Counter(row.opinion.rating for row in rows)
    corrected = sum(bool(row.opinion.correction) for row in rows)
    told = say("{count} answers judged: {up} good, {down} bad, {corrected} corrected", count=len(rows), up=ratings["up"], down=ratings["down"], corrected=corrected)  # fmt: skip
    print(told)
    if rows:
        heads = (say("when"), say("model"), say("rating"), say("tags"), say("question"), say("correction or comment"))
        print_table(heads, [_cells(row) for row in rows])


def export(options: Namespace, say: Speech) -> None:
    """Write each kind of row into a file of its own."""
    files: dict[str, list[str]] = {"corrections.jsonl": [], "preferences.jsonl": [], "ratings.jsonl": []}
    for row in judged(_file()):
        for name, learnable in learnt(row):
            files[name].append(json.dumps(learnable, ensure_ascii=False) + "\n")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        write_atomically(options.folder / name, "".join(lines))
    if options.json:
        print(json.dumps({name: len(lines) for name, lines in files.items()}))
        return
    for name, lines in files.items():
        print(say("{path}: {count} rows", path=options.folder / name, count=len(lines)))


def _file() -> Path:
    return State.of(find_project(Path.cwd())).folder / FILE


def _cells(row: Judged) -> tuple[str, ...]:
    when = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d %H:%M")
    said = row.opinion.correction or row.opinion.comment
    question = row.messages[-1]["content"] if row.messages else ""
    return when, row.model, row.opinion.rating or "-", ", ".join(row.opinion.tags), _short(question), _short(said)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[: _SHOWN_CHARACTERS - 1]}…"
