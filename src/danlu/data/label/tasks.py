"""Export documents as tasks for people to label: all, or those from which most is to be learnt."""

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from danlu.core.artifacts import Corpus, Labels, Report
from danlu.core.errors import WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.data.label import argilla, comma_separated, label_studio
from danlu.data.label.answers import Task
from danlu.data.label.choose import most_uncertain, spread
from danlu.data.label.records import Label, read_labels, text_hash
from danlu.data.label.suspects import SUSPECT
from danlu.text.tables import stream_rows

_WRITERS = {"label-studio": label_studio.write, "argilla": argilla.write, "csv": comma_separated.write}


class ExportConfig(Config):
    """What is asked, and in which tool's format."""

    to: Literal["label-studio", "argilla", "csv"] = "label-studio"
    """The tool."""
    count: int = Field(0, ge=0)
    """Documents, chosen by uncertainty and diversity; 0: every document that nobody has labelled yet."""
    names: tuple[str, ...] = ()
    """The labels to choose from; empty: those of the labels given."""


def _export_tasks(work: Work, config: ExportConfig, *, documents: Corpus, labels: Labels | None = None) -> Facts:
    """Tasks are held in memory with their texts: people label thousands, not millions."""
    names = config.names or (tuple(labels.names()) if labels else ())
    if not names:
        raise WorkFailed(
            "There are no labels to choose from", "Name them: --set 'label.names=[spam, ham]', or give --labels."
        )
    given = _given(labels)
    sizes = {row["doc_id"] for row in stream_rows(documents.documents, ["doc_id"])}
    with one_blas_thread():
        tasks = list(_tasks(documents, given, _chosen(config, documents, given, len(names), work.seed)))
    if not tasks:
        raise WorkFailed("There is nothing to label: people have labelled all {count} documents", count=len(sizes))
    _WRITERS[config.to](work.folder, tasks, names)
    figures = {"documents": len(sizes), "tasks": len(tasks), "to": config.to, "names": list(names)}
    (work.folder / "report.json").write_text(json.dumps(figures, ensure_ascii=False) + "\n", encoding="utf-8")
    return Facts({"documents": len(sizes), "tasks": len(tasks)}, documents.manifest.licences)


def _given(labels: Labels | None) -> dict[str, list[Label]]:
    """Labels by document, surest first."""
    found: dict[str, list[Label]] = {}
    for label in read_labels(labels) if labels else ():
        found.setdefault(label.doc_id, []).append(label)
    for group in found.values():
        group.sort(key=lambda label: -(label.probability or 0))
    return found


def _chosen(config: ExportConfig, documents: Corpus, given: dict[str, list[Label]], names: int, seed: int) -> list[str]:
    """The ids of the documents to ask about, in the order in which to ask. Suspects keep their own order."""
    if suspects := [group[0] for group in given.values() if group[0].origin == SUSPECT]:
        ranked = sorted(suspects, key=lambda label: json.loads(label.meta)["rank"])
        return [label.doc_id for label in ranked][: config.count or None]
    open_ids = (
        (row["doc_id"], _uncertainty(given.get(row["doc_id"], ()), names))
        for row in stream_rows(documents.documents, ["doc_id"])
        if not any(label.origin == "human" for label in given.get(row["doc_id"], ()))
    )
    if not config.count:
        return [doc_id for doc_id, _ in open_ids]
    pool = {candidate.doc_id: candidate for candidate in most_uncertain(open_ids, config.count, seed)}
    texts = {row["doc_id"]: row["text"] for row in _rows(documents, set(pool))}
    ids = [doc_id for doc_id in pool if doc_id in texts]
    places = spread([texts[id] for id in ids], [pool[id].uncertainty for id in ids], config.count, seed) if ids else []
    return [ids[place] for place in places]


def _uncertainty(labels: Sequence[Label], names: int) -> float:
    """1 minus the probability of the best label; a document without any is as unsure as an even guess."""
    return 1 - max((label.probability or 0 for label in labels), default=1 / names)


def _tasks(documents: Corpus, given: dict[str, list[Label]], ids: list[str]) -> Iterator[Task]:
    rows = {row["doc_id"]: row for row in _rows(documents, set(ids))}
    for doc_id in ids:
        row, labels = rows[doc_id], given.get(doc_id, [])
        hashed = text_hash(row["text"])
        current = [label for label in labels if label.text_hash == hashed]
        suspect = next((json.loads(label.meta) for label in current if label.origin == SUSPECT), None)
        beside = {"given_label": suspect["given"], "given_by": suspect["by"]} if suspect else {}
        yield Task(doc_id, hashed, row["source"], row["text"], current, beside)


def _rows(documents: Corpus, ids: set[str]) -> Iterator[dict[str, str]]:
    columns = ["doc_id", "source", "text"]
    return (row for row in stream_rows(documents.documents, columns) if row["doc_id"] in ids)


export_tasks = Stage("export_tasks", version=2, makes=Report, body=_export_tasks, config=ExportConfig, numeric=True)
