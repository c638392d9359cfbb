"""Label Studio's tasks and answers (labelstud.io/guide/export: "JSON", and "JSON_MIN").

A task carries the document's id and the hash of its text in `data`; labels that exist already become `predictions`. Its
spans count UTF-16 units, as browsers do: after an emoji they run ahead of code points, so each span is compared with its
own text and moved where that shows the difference.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from danlu.data.label.answers import Answer, Task, read_json_list, wrong_shape
from danlu.data.label.records import Label, Span

_TOOL = "Label Studio"


def write(folder: Path, tasks: Sequence[Task], names: Sequence[str]) -> None:
    """`tasks.json` to import, and `labelling.xml`, the interface to paste into the project's settings."""
    written = [_task(task) for task in tasks]
    (folder / "tasks.json").write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "labelling.xml").write_text(interface(names), encoding="utf-8")


def interface(names: Sequence[str]) -> str:
    """The labelling interface for choosing one label of a text."""
    choices = "\n".join(f"    <Choice value={quoteattr(name)}/>" for name in names)
    return (
        '<View>\n  <Text name="text" value="$text"/>\n'
        f'  <Choices name="label" toName="text" choice="single" showInline="true">\n{choices}\n  </Choices>\n</View>\n'
    )


def read(path: Path) -> list[Answer]:
    """The answers of an export, JSON or JSON_MIN; a task without any is one that waits."""
    return [
        answer
        for number, task in enumerate(read_json_list(path, _TOOL), start=1)
        for answer in _answers(path, f"task {task.get('id', number)}", task)
    ]


def _task(task: Task) -> dict[str, Any]:
    data = {"text": task.text, "doc_id": task.doc_id, "text_hash": task.text_hash, "source": task.source, **task.beside}
    return {"data": data, "predictions": [_prediction(label) for label in task.labels if label.label]}


def _prediction(label: Label) -> dict[str, Any]:
    result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label.label]}}
    score = {} if label.probability is None else {"score": label.probability}
    return {"model_version": f"{label.origin}: {label.annotator}", "result": [result]} | score


def _answers(path: Path, place: str, task: Mapping[str, Any]) -> Iterator[Answer]:
    data = task.get("data", task)
    if not isinstance(data, dict):
        raise wrong_shape(path, place, _TOOL, "data")
    waiting = Answer(
        place, str(data.get("doc_id", "")), str(data.get("text_hash", "")), str(data.get("text", "")), state="waiting"
    )
    annotations = task.get("annotations") if "data" in task else [_of_flat(task)]
    if not isinstance(annotations, list):
        raise wrong_shape(path, place, _TOOL, "annotations")
    if not annotations:
        yield waiting
    for annotation in annotations:
        try:
            labels, spans = _chosen(annotation["result"], waiting.text)
        except (KeyError, TypeError, AttributeError):
            raise wrong_shape(path, place, _TOOL, "result") from None
        state = "skipped" if annotation.get("was_cancelled") else "answered"
        yield replace(waiting, annotator=_annotator(annotation), labels=labels, spans=spans, state=state)


def _annotator(annotation: Mapping[str, Any]) -> str:
    by = annotation.get("completed_by", "")
    return str(by.get("email") or by.get("id", "")) if isinstance(by, dict) else str(by)


def _chosen(result: Sequence[Mapping[str, Any]], text: str) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """Choices and taxonomy paths (joined by a slash), and labelled spans. Other kinds of regions say no label."""
    labels: list[str] = []
    spans: list[Span] = []
    for region in result:
        value = region["value"]
        if region["type"] == "choices":
            labels += value["choices"]
        elif region["type"] == "taxonomy":
            labels += ["/".join(steps) for steps in value["taxonomy"]]
        elif region["type"] in ("labels", "hypertextlabels"):
            spans += [_span(value, label, text) for label in value[region["type"]]]
    return tuple(map(str, labels)), tuple(sorted(spans))


def _span(value: Mapping[str, Any], label: str, text: str) -> Span:
    """In code points. A span that tells its text is believed as it stands if it fits; else it counts UTF-16 units."""
    start, end = int(value["start"]), int(value["end"])
    told = value.get("text")
    if told is not None and text[start:end] == told:
        return Span(start, end, str(label))
    units = text.encode("utf-16-le", "surrogatepass")
    before, inside = units[: 2 * start], units[2 * start : 2 * end]
    moved = len(before.decode("utf-16-le", "replace"))
    return Span(moved, moved + len(inside.decode("utf-16-le", "replace")), str(label))


def _of_flat(task: Mapping[str, Any]) -> dict[str, Any]:
    """JSON_MIN: one row for each annotation, the choice as a column named by the control."""
    chosen = task.get("label", [])
    if isinstance(chosen, dict):
        chosen = chosen.get("choices", [])
    many = [chosen] if isinstance(chosen, str) else chosen
    spans = [entry for entry in many if isinstance(entry, dict)]
    named = [entry for entry in many if isinstance(entry, str)]
    result: list[dict[str, Any]] = [{"type": "choices", "value": {"choices": named}}] if named else []
    result += [{"type": "labels", "value": span} for span in spans]
    return {"result": result, "completed_by": task.get("annotator", "")}
