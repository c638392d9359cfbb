"""Argilla 2's records (docs.argilla.io: `dataset.records.to_json`, and the `records.json` that `dataset.to_disk` writes).

A record has fields (what is shown), metadata (where the document's id and the hash of its text travel), suggestions (labels that
exist already) and responses, several for one question. A response that was discarded is a skipped task, a draft is one that
waits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from danlu.data.label.answers import Answer, Task, read_json_list, wrong_shape
from danlu.data.label.records import Label, Span

_TOOL = "Argilla"
_QUESTION = "label"
_STATES = {"submitted": "answered", "discarded": "skipped", "draft": "waiting", "pending": "waiting", None: "answered"}


def write(folder: Path, tasks: Sequence[Task], names: Sequence[str]) -> None:
    """`records.json` for `records.from_json`, and `settings.json`, the questions for `Settings.from_json`."""
    written = [_record(task) for task in tasks]
    (folder / "records.json").write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    settings = json.dumps(_settings(names, tasks), ensure_ascii=False, indent=1)
    (folder / "settings.json").write_text(settings + "\n", encoding="utf-8")


def read(path: Path) -> list[Answer]:
    """The answers of a file of records; a record without any is one that waits."""
    return [
        answer
        for number, record in enumerate(read_json_list(path, _TOOL), start=1)
        for answer in _answers(path, f"record {record.get('id', number)}", record)
    ]


def _record(task: Task) -> dict[str, Any]:
    beside = {"doc_id": task.doc_id, "text_hash": task.text_hash, "source": task.source}
    return {
        "id": task.doc_id,
        "fields": {"text": task.text},
        "metadata": beside | {name: str(value) for name, value in task.beside.items()},
        "suggestions": {_QUESTION: _suggestion(task.labels[0])} if task.labels and task.labels[0].label else {},
        "responses": {},
        "vectors": {},
        "status": "pending",
    }


def _suggestion(label: Label) -> dict[str, Any]:
    """One suggestion for a question is all that Argilla takes: the first label's."""
    return {
        "value": label.label,
        "score": label.probability,
        "agent": f"{label.origin}-{label.annotator}".replace(" ", "-"),
    }


def _settings(names: Sequence[str], tasks: Sequence[Task]) -> dict[str, Any]:
    options = [{"value": name, "text": name, "description": None} for name in names]
    carried = ["doc_id", "text_hash", "source", *(tasks[0].beside if tasks else ())]
    return {
        "guidelines": None,
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "fields": [{"name": "text", "title": "text", "required": True, "settings": {"type": "text", "use_markdown": False}}],
        "questions": [
            {
                "name": _QUESTION, "title": _QUESTION, "required": True, "description": None,
                "settings": {"type": "label_selection", "options": options, "visible_options": None},
            }
        ],
        "metadata": [
            {"name": name, "title": name, "visible_for_annotators": True, "settings": {"type": "terms", "values": None}}
            for name in carried
        ],
        "vectors": [],
    }  # fmt: skip


def _answers(path: Path, place: str, record: Mapping[str, Any]) -> Iterator[Answer]:
    fields, metadata, responses = (record.get(name) or {} for name in ("fields", "metadata", "responses"))
    if not all(isinstance(part, dict) for part in (fields, metadata, responses)) or not fields:
        raise wrong_shape(path, place, _TOOL, "fields")
    waiting = Answer(
        place,
        str(metadata.get("doc_id", "")),
        str(metadata.get("text_hash", "")),
        str(fields.get("text", "")),
        state="waiting",
    )
    by_user: dict[str, list[Mapping[str, Any]]] = {}
    for given in responses.values():
        for response in given:
            by_user.setdefault(str(response.get("user_id", "")), []).append(response)
    if not by_user:
        yield waiting
    for user, given in sorted(by_user.items()):
        state = _STATES.get(_status(given[0]), "waiting")
        labels = tuple(label for response in given for label in _labels(response.get("value")))
        spans = tuple(sorted(span for response in given for span in _spans(response.get("value"))))
        yield replace(waiting, annotator=user, labels=labels, spans=spans, state=state)


def _status(response: Mapping[str, Any]) -> str | None:
    status = response.get("status")
    return None if status is None else str(status)


def _labels(value: Any) -> list[str]:
    """A label, several labels, or a rating; a ranking is given by its first."""
    many = value if isinstance(value, list) else [value]
    if many and isinstance(many[0], dict):
        return [str(many[0]["value"])] if "value" in many[0] else []
    return [str(entry) for entry in many if isinstance(entry, str | int)]


def _spans(value: Any) -> list[Span]:
    many = value if isinstance(value, list) else []
    return [
        Span(int(entry["start"]), int(entry["end"]), str(entry["label"]))
        for entry in many
        if isinstance(entry, dict) and "start" in entry
    ]
