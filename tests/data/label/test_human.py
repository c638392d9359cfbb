"""Tasks go out to a tool and come back as answers: nothing is lost on the way."""

import csv
import json
from pathlib import Path

import pytest

from danlu.core.artifacts import Labels
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Facts, Work
from danlu.data.label.answers import AnswerFile
from danlu.data.label.human import ImportConfig, import_labels
from danlu.data.label.records import Span, read_labels, text_hash
from danlu.data.label.tasks import ExportConfig, export_tasks
from danlu.text.tables import read_rows
from label_ground import FUNCTIONS, corpus, document, labels, made, mails, weak
from stages import ran


def exported(documents, to: str, **config: object):
    return made(export_tasks, ExportConfig(to=to, names=("ham", "spam"), **config), documents=corpus(documents))


def imported(documents, path: Path, format: str):
    return made(import_labels, ImportConfig(), documents=corpus(documents), file=AnswerFile(path, format))


def rules(artifact) -> dict[str, str]:
    return {row["doc_id"] or row["source"]: row["rule"] for row in read_rows(artifact.path / "rejects")}


def studio(task: dict, *annotations: dict) -> dict:
    return {"id": 1, "data": task["data"], "annotations": list(annotations), "predictions": []}


def choice(label: str, by: object = 1, **more: object) -> dict:
    value = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    return {"id": 7, "completed_by": by, "result": [value], "was_cancelled": False} | more


def test_label_studio_round_trip_with_two_annotators_and_a_skipped_task(tmp_path: Path) -> None:
    documents = mails()
    tasks = json.loads((exported(documents, "label-studio").path / "tasks.json").read_text(encoding="utf-8"))
    answered = [
        studio(task, choice("spam", by={"id": 3, "email": "anna@example.org"}), choice("ham", by=4)) for task in tasks
    ]
    answered[1] = studio(tasks[1], choice("ham", was_cancelled=True))
    answered[2] = studio(tasks[2])
    answered[3] = studio(tasks[3], choice("ham") | {"result": []})
    path = tmp_path / "export.json"
    path.write_text(json.dumps(answered), encoding="utf-8")
    made_labels = imported(documents, path, "label-studio")
    assert sorted(rules(made_labels).values()) == ["empty answer", "not answered yet", "skipped by the annotator"]
    found = list(read_labels(made_labels))
    assert len(found) == 2 * (len(documents) - 3)
    assert {(label.annotator, label.label) for label in found} == {("anna@example.org", "spam"), ("4", "ham")}
    counts = made_labels.manifest.counts
    assert counts["input"] == counts["kept"] + counts["rejected"] == 2 * 5 + 3


def test_a_changed_text_and_an_unknown_document_are_refused(tmp_path: Path) -> None:
    documents = mails()
    tasks = json.loads((exported(documents, "label-studio").path / "tasks.json").read_text(encoding="utf-8"))
    stranger = {"data": {"doc_id": "nobody", "text": "?", "text_hash": text_hash("?")}}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([studio(task, choice("ham")) for task in [*tasks, stranger]]), encoding="utf-8")
    changed = [document("spam-0-000", "rewritten"), *documents[1:]]
    found = imported(changed, path, "label-studio")
    assert rules(found) == {"spam-0-000": "text changed since it was labelled", "nobody": "no such document"}


def test_spans_count_code_points_though_the_tool_counts_utf_16(tmp_path: Path) -> None:
    one = document("d", "😀 张三 lives in 北京")
    result = [
        {"type": "labels", "value": {"start": 3, "end": 5, "text": "张三", "labels": ["PER"]}},
        {"type": "labels", "value": {"start": 15, "end": 17, "text": "北京", "labels": ["LOC"]}},
    ]
    task = {"data": {"doc_id": "d", "text": one.text, "text_hash": text_hash(one.text)}}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([studio(task, choice("x") | {"result": result})]), encoding="utf-8")
    [label] = read_labels(imported([one], path, "label-studio"))
    assert label.label is None
    assert [one.text[span.start : span.end] for span in label.spans] == ["张三", "北京"]
    assert label.spans == (Span(2, 4, "PER"), Span(14, 16, "LOC"))


def test_taxonomy_paths_are_joined(tmp_path: Path) -> None:
    one = document("d", "text of a page")
    result = [{"type": "taxonomy", "value": {"taxonomy": [["law", "tax"], ["law", "labour"]]}}]
    task = {"data": {"doc_id": "d", "text": one.text}}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([studio(task, choice("x") | {"result": result})]), encoding="utf-8")
    assert [label.label for label in read_labels(imported([one], path, "label-studio"))] == ["law/tax", "law/labour"]


def test_argilla_round_trip(tmp_path: Path) -> None:
    documents = mails()
    records = json.loads((exported(documents, "argilla").path / "records.json").read_text(encoding="utf-8"))
    for record in records:
        record["responses"] = {"label": [{"value": "ham", "user_id": "u1", "status": "submitted"}]}
    records[0]["responses"]["label"].append({"value": "spam", "user_id": "u2", "status": "draft"})
    records[1]["responses"]["label"][0]["status"] = "discarded"
    path = tmp_path / "records.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    found = imported(documents, tmp_path, "argilla")
    assert sorted(rules(found).values()) == ["not answered yet", "skipped by the annotator"]
    assert {label.label for label in read_labels(found)} == {"ham"}


def test_csv_round_trip_and_a_foreign_table_matched_by_text(tmp_path: Path) -> None:
    documents = mails()
    table = exported(documents, "csv").path / "tasks.csv"
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    path = tmp_path / "filled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows([row | {"label": "ham|spam", "annotator": "ben"} for row in rows])
    found = list(read_labels(imported(documents, path, "csv")))
    assert len(found) == 16 and {label.annotator for label in found} == {"ben"}
    path.write_text(f'text,label\n"{documents[1].text}",spam\nunknown text,ham\n', encoding="utf-8")
    foreign = imported(documents, path, "csv")
    assert [label.doc_id for label in read_labels(foreign)] == [documents[1].doc_id]
    assert list(rules(foreign).values()) == ["no such document"]


def test_labels_of_the_documents_own_metadata() -> None:
    documents = [*mails(), document("bare", "no label here")]
    found = made(import_labels, ImportConfig(field="label"), documents=corpus(documents))
    assert {label.doc_id.split("-")[0] == label.label for label in read_labels(found)} == {True}
    assert rules(found) == {"bare": "no label"}


@pytest.mark.parametrize(
    ("content", "format", "message"),
    [
        ("{}", "label-studio", "no list of tasks"),
        ("nonsense", "label-studio", "is not JSON"),
        (
            '[{"data": {"text": "x"}, "annotations": [{"result": 5}]}]',
            "label-studio",
            "task 1: this is not as Label Studio",
        ),
        ('[{"fields": {}}]', "argilla", "fields is missing"),
        ("a,b\n1,2\n", "csv", "has the columns a, b"),
        ("[]", "argilla", "holds no answers"),
    ],
)
def test_a_file_of_another_shape_is_told(tmp_path: Path, content: str, format: str, message: str) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        imported(mails(), path, format)


def test_a_file_for_other_documents_fails_with_the_reasons(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("doc_id,text,label\nx,y,ham\n", encoding="utf-8")
    with pytest.raises(WorkFailed, match="None of 1 answers could be taken: no such document 1"):
        imported(mails(), path, "csv")


def test_chosen_documents_are_unsure_unlike_and_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "functions.yaml"
    file.write_text(FUNCTIONS, encoding="utf-8")
    documents = [*mails(20), *(document(f"odd{at}", f"Blue skies over harbour number {at}") for at in range(20))]
    given = weak(documents, file)
    tasks = [
        made(export_tasks, ExportConfig(count=6), documents=corpus(documents), labels=given).path / "tasks.json"
        for _ in range(2)
    ]
    assert tasks[0].read_bytes() == tasks[1].read_bytes()
    asked = json.loads(tasks[0].read_text(encoding="utf-8"))
    assert len(asked) == 6 == len({task["data"]["doc_id"] for task in asked})
    assert asked[0]["data"]["doc_id"].startswith("odd")


def test_what_people_labelled_is_not_asked_again() -> None:
    documents = mails()
    known = labels(documents[:7], ["ham", "spam"] * 3 + ["ham"])
    tasks = made(export_tasks, ExportConfig(), documents=corpus(documents), labels=known)
    [task] = json.loads((tasks.path / "tasks.json").read_text(encoding="utf-8"))
    assert task["data"]["doc_id"] == documents[7].doc_id


def test_a_label_that_was_not_offered_is_taken_with_a_remark(tmp_path: Path) -> None:
    documents = mails()
    with (exported(documents, "csv").path / "tasks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    path = tmp_path / "filled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(row | {"label": "spma" if n < 2 else "ham"} for n, row in enumerate(rows))
    told = []

    def body(work: Work) -> Facts:
        facts = import_labels.body(work, ImportConfig(), documents=corpus(documents), file=AnswerFile(path, "csv"))
        told.append(facts.note)
        return facts

    assert ran(Labels, body, work=True).manifest.counts["labels not offered"] == 2
    assert told == ["labels that were not offered: spma (2; spam?)"]
