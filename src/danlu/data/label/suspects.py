"""Find label errors: labels that a classifier, trained on the other documents, confidently contradicts.

The suspects are labels themselves: the one that probably should have been given, with its probability, the given one in
`meta`. Exported as tasks, they come to people surest first, with the given label beside the text.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from danlu.core.artifacts import Corpus, Labels
from danlu.core.errors import WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.data.label.classifier import FOLDS, out_of_fold
from danlu.data.label.confident import confident_classes, confident_joint, find_errors
from danlu.data.label.records import Label, read_labels, text_hash
from danlu.data.label.writing import LabelWriter
from danlu.text.linear import READ_CHARACTERS
from danlu.text.records import Reject
from danlu.text.tables import stream_rows

SUSPECT = "suspect"


class SuspectsConfig(Config):
    """How large a label must be to be judged."""

    min_documents: int = Field(20, ge=FOLDS)
    """Documents of a label: with fewer the classifier has not learnt it, and its labels are not judged."""


class _Given(NamedTuple):
    label: Label
    text: str


def _find_label_errors(work: Work, config: SuspectsConfig, *, documents: Corpus, labels: Labels) -> Facts:
    """Holds the beginnings of the labelled documents, up to 20,000 characters each, and their features."""
    writer = LabelWriter(work.folder, labels.names())
    with writer.part():
        given = list(_joined(documents, labels, writer))
        judged, names = _large_enough(given, config, writer)
        places_D = np.array([names.index(entry.label.label or "") for entry in judged])
        work.progress.advance(0, len(judged), "classifier")
        with one_blas_thread():
            chances_DK = out_of_fold([entry.text for entry in judged], places_D, len(names), work.seed)
            suspects = find_errors(places_D, chances_DK)
            joint = confident_joint(places_D, chances_DK)
            better_D = confident_classes(places_D, chances_DK)
        ranks = {int(place): rank for rank, place in enumerate(suspects, start=1)}
        for place, rank in ranks.items():
            writer.add(_suspect(judged[place], names, int(better_D[place]), chances_DK[place], rank))
    report = _report(names, joint, judged, len(suspects), places_D, chances_DK)
    (work.folder / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    facts = writer.facts()
    rejected = facts.counts["rejected"]
    counts = {**facts.counts, "input": len(judged) + rejected, "kept": len(judged), "suspects": len(suspects)}
    return Facts(counts, facts.licences)


def _joined(documents: Corpus, labels: Labels, writer: LabelWriter) -> Iterator[_Given]:
    """Labels with the text that they were given for. What cannot be judged goes to the rejects."""
    by_id: dict[str, list[Label]] = {}
    for label in read_labels(labels):
        if label.label is None:
            writer.reject(Reject(label.doc_id, label.source, "spans only", "no label of the whole text", "a label"))
        else:
            by_id.setdefault(label.doc_id, []).append(label)
    for row in stream_rows(documents.documents, ["doc_id", "licence", "text"]):
        hashed = text_hash(row["text"]) if row["doc_id"] in by_id else ""
        for label in by_id.pop(row["doc_id"], ()):
            if label.text_hash == hashed:
                writer.licences.add(row["licence"])
                yield _Given(label, row["text"][:READ_CHARACTERS])
            else:
                bound = label.text_hash
                writer.reject(Reject(label.doc_id, label.source, "text changed since it was labelled", hashed, bound))
    for label in (label for group in by_id.values() for label in group):
        writer.reject(Reject(label.doc_id, label.source, "no such document", label.doc_id, "a document of the corpus"))


def _large_enough(given: list[_Given], config: SuspectsConfig, writer: LabelWriter) -> tuple[list[_Given], list[str]]:
    sizes: dict[str, int] = {}
    for entry in given:
        sizes[entry.label.label or ""] = sizes.get(entry.label.label or "", 0) + 1
    names = sorted(name for name, size in sizes.items() if size >= config.min_documents)
    if len(names) < 2:
        raise WorkFailed(
            "Fewer than 2 labels have {least} documents or more: {sizes}",
            "A classifier has nothing to compare. --set label.min_documents=10 lowers the bound.",
            least=config.min_documents,
            sizes=", ".join(f"{name} {size}" for name, size in sorted(sizes.items())) or "0",
        )
    for entry in given:
        size = sizes[entry.label.label or ""]
        if size < config.min_documents:
            few = f"{size} documents"
            bound = f"{config.min_documents} documents"
            writer.reject(Reject(entry.label.doc_id, entry.label.source, "label too rare to judge", few, bound))
    return [entry for entry in given if entry.label.label in names], names


def _suspect(entry: _Given, names: list[str], better: int, chances_K: Any, rank: int) -> Label:
    given = names.index(entry.label.label or "")
    meta = {
        "rank": rank, "given": entry.label.label, "by": entry.label.annotator,
        "given_probability": round(float(chances_K[given]), 6),
    }  # fmt: skip
    return Label(
        entry.label.doc_id, entry.label.source, entry.label.text_hash, names[better], SUSPECT, "confident learning",
        round(float(chances_K[better]), 6), tuple(round(float(chance), 6) for chance in chances_K),
        meta=json.dumps(meta, ensure_ascii=False),
    )  # fmt: skip


def _report(
    names: list[str], joint: Any, judged: list[_Given], suspects: int, places_D: Any, chances_DK: Any
) -> dict[str, Any]:
    return {
        "judged": len(judged),
        "suspects": suspects,
        "classifier_agrees": float((chances_DK.argmax(axis=1) == places_D).mean()),
        "confident_joint": {
            name: dict(zip(names, map(int, row), strict=True)) for name, row in zip(names, joint, strict=True)
        },
    }


find_label_errors = Stage(
    "find_label_errors",
    version=1,
    makes=Labels,
    body=_find_label_errors,
    config=SuspectsConfig,
    libraries=("numpy", "scipy"),
    rules=(("hashed features", 1),),
    numeric=True,
)
