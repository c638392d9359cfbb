"""Import what people labelled: every answer is kept, or rejected with the reason.

An answer belongs to the document with its id, if the text is still the one that was labelled: the hash that travelled
with the task and the text that the annotator saw must both be that of the document now. An answer without an id belongs to the document
with exactly its text. Labels may also stand in the documents' own `meta`, under a field's name.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from danlu.core.artifacts import Corpus, Labels
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.label.answers import Answer, AnswerFile
from danlu.data.label.records import Label, text_hash
from danlu.data.label.writing import LabelWriter
from danlu.data.nearest import nearest_first
from danlu.text.records import Reject
from danlu.text.tables import stream_rows


class ImportConfig(Config):
    """Where labels come from."""

    field: str = ""
    """A field of the documents' `meta` that holds a label; empty: a file of answers is given."""


@dataclass(frozen=True)
class _Place:
    """What an answer is matched with, without its text: some 300 bytes for each document that has an answer."""

    doc_id: str
    source: str
    licence: str
    text_hash: str
    characters: int


def _import_labels(work: Work, config: ImportConfig, *, documents: Corpus, file: AnswerFile | None = None) -> Facts:
    if file is None and not config.field:
        raise UserError("No labels to import", "Name a file, or a field of the documents after --field.")
    facts = _from_field(work, config.field, documents) if file is None else _from_file(work, file, documents)
    if facts.counts["input"] and not facts.counts["kept"]:
        reasons = ", ".join(
            f"{name.removeprefix('rejected: ')} {n}" for name, n in facts.counts.items() if ": " in name
        )
        raise WorkFailed(
            "None of {count} answers could be taken: {reasons}",
            "Are these the documents that were labelled?",
            count=facts.counts["input"],
            reasons=reasons,
        )
    return facts


def _from_field(work: Work, field: str, documents: Corpus) -> Facts:
    names = sorted({str(value) for _, value in _values(documents, field) if value is not None})
    writer = LabelWriter(work.folder, names)
    with writer.part():
        for row, value in _values(documents, field):
            writer.licences.add(row["licence"])
            if value is None:
                writer.reject(Reject(row["doc_id"], row["source"], "no label", f"no field {field}", "a value"))
                continue
            hashed = text_hash(row["text"])
            writer.add(Label(row["doc_id"], row["source"], hashed, str(value), "human", f"meta: {field}"))
    return writer.facts()


def _values(documents: Corpus, field: str) -> Iterable[tuple[dict[str, str], object]]:
    columns = ["doc_id", "source", "licence", "text", "meta"]
    return ((row, json.loads(row["meta"]).get(field)) for row in stream_rows(documents.documents, columns))


def _from_file(work: Work, file: AnswerFile, documents: Corpus) -> Facts:
    answers = file.read()
    if not answers:
        raise UserError("{path} holds no answers", path=file.path)
    wanted_ids = {answer.doc_id for answer in answers if answer.doc_id}
    wanted_texts = {text_hash(answer.text) for answer in answers if not answer.doc_id and answer.text}
    by_id, by_text = _places(documents, wanted_ids, wanted_texts)
    has_spans = any(answer.spans for answer in answers)
    names = sorted({name for answer in answers for name in (*answer.labels, *(span.label for span in answer.spans))})
    writer = LabelWriter(work.folder, names)
    with writer.part():
        for answer in answers:
            place = by_id.get(answer.doc_id) if answer.doc_id else by_text.get(text_hash(answer.text))
            reject = _refused(answer, place, has_spans)
            if reject is not None:
                writer.reject(reject)
            elif place is not None:
                writer.licences.add(place.licence)
                writer.add_all(_labels(answer, place, file.format))
    return _with_remark(writer.facts(), answers)


def _with_remark(facts: Facts, answers: Sequence[Answer]) -> Facts:
    """The facts with a note on labels that were not among those to choose from: tables let people type what they like."""
    strange = Counter(
        (name, nearest_first(name, answer.offered)[0])
        for answer in answers
        if answer.offered
        for name in answer.labels
        if name not in answer.offered
    )
    if not strange:
        return facts
    listed = ", ".join(f"{name} ({count}; {near}?)" for (name, near), count in sorted(strange.items()))
    note = f"labels that were not offered: {listed}"
    return replace(facts, counts=dict(facts.counts) | {"labels not offered": strange.total()}, note=note)


def _places(documents: Corpus, ids: set[str], texts: set[str]) -> tuple[Mapping[str, _Place], Mapping[str, _Place]]:
    by_id: dict[str, _Place] = {}
    by_text: dict[str, _Place] = {}
    for row in stream_rows(documents.documents, ["doc_id", "source", "licence", "text"]):
        if row["doc_id"] in ids or texts:
            place = _Place(row["doc_id"], row["source"], row["licence"], text_hash(row["text"]), len(row["text"]))
            if place.doc_id in ids:
                by_id[place.doc_id] = place
            if place.text_hash in texts:
                by_text.setdefault(place.text_hash, place)
    return by_id, by_text


def _refused(answer: Answer, place: _Place | None, has_spans: bool) -> Reject | None:
    """Why an answer gives no label, or None when it does."""
    doc_id, source = answer.doc_id, place.source if place else answer.place
    if place is None:
        return Reject(
            doc_id,
            source,
            "no such document",
            answer.doc_id or "no document with this text",
            "a document of the corpus",
        )
    seen = text_hash(answer.text) if answer.text else answer.text_hash
    if not seen:
        return Reject(doc_id, source, "no text to compare", answer.place, "text_hash or text")
    for hashed in {seen, answer.text_hash or seen}:
        if hashed != place.text_hash:
            return Reject(doc_id, source, "text changed since it was labelled", hashed, place.text_hash)
    if answer.state == "waiting":
        return Reject(doc_id, source, "not answered yet", answer.place, "an answer")
    if answer.state == "skipped":
        return Reject(doc_id, source, "skipped by the annotator", answer.annotator, "an answer")
    if not answer.labels and not answer.spans and not has_spans:
        return Reject(doc_id, source, "empty answer", answer.annotator, "a label")
    outside = next((span for span in answer.spans if not 0 <= span.start < span.end <= place.characters), None)
    if outside is not None:
        found = f"characters {outside.start} to {outside.end}"
        return Reject(doc_id, source, "span outside the text", found, f"0 to {place.characters}")
    return None


def _labels(answer: Answer, place: _Place, format: str) -> Sequence[Label]:
    """One label for each choice; the spans stand with the first."""
    meta = json.dumps({"from": format, "at": answer.place}, ensure_ascii=False)
    return [
        Label(
            place.doc_id, place.source, place.text_hash, label, "human", answer.annotator,
            spans=answer.spans if number == 0 else (), meta=meta,
        )
        for number, label in enumerate(answer.labels or (None,))
    ]  # fmt: skip


import_labels = Stage("import_labels", version=1, makes=Labels, body=_import_labels, config=ImportConfig)
