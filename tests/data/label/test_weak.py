import json
import os
import re
import signal
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from commands import DANLU
from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Facts
from danlu.data.label.functions import FunctionFile
from danlu.data.label.records import read_labels
from danlu.data.label.weak import WeakConfig
from danlu.text.records import DOCUMENTS, part_name
from danlu.text.tables import read_rows, write_rows
from found import found
from label_ground import FUNCTIONS, document, labels, mails, weak
from stages import ran


def written(folder: Path, text: str, name: str = "functions.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def votes(folder: Path, condition: str, text: str, **meta: object) -> bool:
    path = written(folder, f"labels: [a, b]\nfunctions:\n  - {{name: f, label: a, {condition}}}\n")
    return bool(FunctionFile(path).load().votes([document("d", text, **meta)])[0, 0])


@pytest.mark.parametrize(
    ("condition", "text", "expected"),
    [
        ("keywords: [free]", "It is FREE!", True),
        ("keywords: [free]", "freedom of speech", False),
        ("keywords: [中奖]", "恭喜您中奖了", True),
        ("keywords: [Ｆｒｅｅ]", "free", True),
        ("keywords: [a, b], min_matches: 2", "a b", True),
        ("keywords: [a, b], min_matches: 2", "a", False),
        ('regex: "\\\\d{3}"', "call 123", True),
        ("max_characters: 3", "four", False),
        ("language: zh", "今天天气很好，我们去公园散步。", True),
        ("pii: [email]", "write to anna.li@example.org please", True),
        ("pii: [email]", "nothing personal", False),
        ("keywords: [good], unless: {keywords: [not good]}", "it is not good", False),
    ],
)
def test_a_condition_holds(tmp_path: Path, condition: str, text: str, expected: bool) -> None:
    assert votes(tmp_path, condition, text) == expected


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        ("at_most: 2", 1, True),
        ("at_most: 2", "2.5", False),
        ("equals: x", "x", True),
        ("one_of: [x, y]", "z", False),
        ("at_least: 1", None, False),
    ],
)
def test_a_field_of_meta_is_tested(tmp_path: Path, test: str, value: object, expected: bool) -> None:
    assert votes(tmp_path, f"meta: {{field: stars, {test}}}", "text", stars=value) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labels: [a]\nfunctions: [{name: f, label: a, regex: x}]", "has 1 labels"),
        ("labels: [a, b]\nfunctions: [{name: f, label: c, regex: x}]", "f votes for 'c', which is none of a, b"),
        ("labels: [a, b]\nfunctions: [{name: f, label: a}]", "states no condition"),
        ("labels: [a, b]\nfunctions: [{name: f, label: a, regex: '(?=x)'}]", "not one of RE2"),
        ("labels: [a, b]\nfunctions: [{name: f, label: a, regex: '(必须|must'}]", "RE2: missing ): (必须|must"),
        (
            "labels: [a, b]\nfunctions: [{name: f, label: a, keyword: [x]}]",
            "functions 1 (f): there is no field `keyword`",
        ),
        ("labels: [a, b]\nfunctions: [{name: f, label: a, regx: x}]", "The fields are, the nearest first: regex, "),
        (
            "labels: [a, b]\nfunctions: [{name: f, label: a, meta: {field: x, equal: 1}}]",
            "functions 1 (f).meta: there is no field `equal`",
        ),
        ("labels: [a, b]\nfunctions: [{label: a, regex: x}]", "functions 1.name: it is missing"),
        ("labels: [a, b]\nfunctions: [{name: f, label: a, keywords: x}]", "functions 1 (f).keywords: expected a list"),
        ("labels: [a, b]\nfunctions: [{name: f, label: a, keywords: ['']}]", "functions 1 (f): a keyword is empty"),
        (
            "labels: [a, b]\nfunctions: [{name: f, label: a, pii: [phone]}]",
            "no such type: phone; the types are, the nearest first: mobile_phone, ",
        ),
        ("labels: [a, b]\nfunctions: [{name: f, label: a, pii: [shoe_size]}]", "shoe_size"),
        (
            "labels: [a, b]\nfunctions: [{name: f, label: a, regex: x}, {name: f, label: b, regex: y}]",
            "two functions named f",
        ),
        ("labels: [a, b", "is not YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as told:
        FunctionFile(written(tmp_path, text)).load()
    assert message in str(told.value)
    assert not re.search("pydantic|Input should|Value error|validation", str(told.value))


def test_python_functions_vote_by_mark_or_list(tmp_path: Path) -> None:
    marked = written(
        tmp_path,
        "from danlu.data.label import labelling_function\nLABELS = ['a', 'b']\n"
        "@labelling_function\ndef long(document):\n    return 'a' if len(document.text) > 3 else None\n",
        "marked.py",
    )
    listed = written(tmp_path, "LABELS = ['a', 'b']\ndef f(d):\n    return 'b'\nFUNCTIONS = [f]\n", "listed.py")
    documents = [document("d", "four"), document("e", "one")]
    assert FunctionFile(marked).load().votes(documents).tolist() == [[1], [0]]
    assert FunctionFile(listed).load().votes(documents).tolist() == [[2], [2]]


def test_an_error_in_a_function_names_function_line_and_document(tmp_path: Path) -> None:
    path = written(tmp_path, "LABELS = ['a', 'b']\ndef f(d):\n    return 1 / 0\nFUNCTIONS = [f]\n", "broken.py")
    with pytest.raises(WorkFailed, match=r"line 3: f failed on document d \(docs/d\): ZeroDivisionError"):
        FunctionFile(path).load().votes([document("d", "x")])
    wrong = written(tmp_path, "LABELS = ['a', 'b']\ndef f(d):\n    return 'c'\nFUNCTIONS = [f]\n", "wrong.py")
    with pytest.raises(WorkFailed, match="returned 'c'"):
        FunctionFile(wrong).load().votes([document("d", "x")])


def test_every_document_is_labelled_or_rejected_and_labels_are_right(tmp_path: Path) -> None:
    documents = [*mails(20), document("nothing", "Blue skies over the harbour.")]
    made = weak(documents, written(tmp_path, FUNCTIONS))
    found = {label.doc_id: label for label in read_labels(made)}
    assert [row["rule"] for row in read_rows(made.path / "rejects")] == ["no function voted"]
    assert len(found) + 1 == len(documents) == made.manifest.counts["input"]
    assert all(doc_id.startswith(str(label.label)) for doc_id, label in found.items())
    assert all(0.5 < (label.probability or 0) <= 1 for label in found.values())
    assert json.loads(found["spam-1-000"].meta)["votes"] == {"prize": "spam", "click": "spam"}


def test_known_labels_measure_and_change_nothing(tmp_path: Path) -> None:
    documents = mails(5)
    path = written(tmp_path, FUNCTIONS)
    known = labels(documents, [document.doc_id.split("-")[0] for document in documents])
    measured, plain = weak(documents, path, known), weak(documents, path)
    report = json.loads((measured.path / "report.json").read_text(encoding="utf-8"))
    assert report["known"]["accuracy"] == 1
    assert [function["known_accuracy"] for function in report["functions"]] == [1, 1, 1, 1]
    assert list(read_labels(measured)) == list(read_labels(plain))


def test_copies_and_liars_are_flagged(tmp_path: Path) -> None:
    extra = "  - {name: prize again, label: spam, keywords: [free, 中奖, 大奖]}\n  - {name: liar, label: ham, keywords: [free, click here, 点击]}\n  - {name: silent, label: ham, keywords: [zebra]}\n"
    made = weak(mails(30), written(tmp_path, FUNCTIONS + extra))
    report = json.loads((made.path / "report.json").read_text(encoding="utf-8"))
    flags = {function["name"]: function["flags"] for function in report["functions"]}
    assert "same votes as prize" in flags["prize again"]
    assert "worse than chance" in flags["liar"]
    assert flags["silent"] == ["never votes"]
    silent = next(function for function in report["functions"] if function["name"] == "silent")
    assert [silent[name] for name in ("accuracy", "accuracy_low", "accuracy_high")] == [None] * 3
    assert flags["prize"] == []


def test_unsure_documents_get_no_label(tmp_path: Path) -> None:
    made = weak([*mails(20), document("both", "free meeting")], written(tmp_path, FUNCTIONS), min_probability=0.99999)
    assert "no label sure enough" in {row["rule"] for row in read_rows(made.path / "rejects")}


def test_the_number_of_workers_makes_no_difference(tmp_path: Path) -> None:
    path = written(tmp_path, FUNCTIONS)
    one, two = (weak(mails(10), path, workers=workers) for workers in (1, 2))
    assert one.manifest.content_hash == two.manifest.content_hash


def test_functions_that_never_vote_fail_with_a_hint(tmp_path: Path) -> None:
    path = written(tmp_path, "labels: [a, b]\nfunctions: [{name: f, label: a, keywords: [zebra]}]")
    with pytest.raises(WorkFailed, match="No function voted on any of 8"):
        weak(mails(), path)


def test_a_run_killed_in_the_middle_continues_to_the_same_labels(tmp_path: Path) -> None:
    given = ran(Corpus, lambda folder: _in_parts(folder, mails(6)))
    slow = "import time\nLABELS = ['ham', 'spam']\ndef f(d):\n    time.sleep(0.02)\n    return d.doc_id.split('-')[0]\nFUNCTIONS = [f]\n"
    path = written(tmp_path, slow, "slow.py")
    command = [DANLU, "label", "weak", str(given.path), "--functions", str(path)]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*command, "--out", whole], check=True, capture_output=True)
    process = subprocess.Popen([*command, "--out", cut], start_new_session=True, stdout=subprocess.DEVNULL)
    while not found(cut, ".work/votes-*.parquet"):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (cut / "manifest.json").exists()
    first = {path.name: path.stat().st_mtime_ns for path in cut.glob(".work/votes-*.parquet")}
    assert 0 < len(first) < 6
    subprocess.run([*command, "--out", cut], check=True, capture_output=True)
    manifests = [json.loads((folder / "manifest.json").read_text(encoding="utf-8")) for folder in (whole, cut)]
    assert manifests[0] == manifests[1]


def _in_parts(folder: Path, documents) -> Facts:
    """Six parts of eight documents."""
    for number in range(6):
        rows = [asdict(one) for one in documents[number * 8 : number * 8 + 8]]
        write_rows(folder / "documents" / part_name(number), rows, DOCUMENTS)
    return Facts({"input": 48, "kept": 48, "rejected": 0})


@pytest.mark.parametrize(
    ("shares", "message"),
    [((0.5, 0.6), "its shares add up to 1.1"), ((0.0, 1.0), "a share above 0"), ((1.0,), "has 1 shares")],
)
def test_shares_that_are_none_are_told(tmp_path: Path, shares: tuple[float, ...], message: str) -> None:
    file = FunctionFile(written(tmp_path, FUNCTIONS))
    with pytest.raises(UserError) as told:
        WeakConfig(class_balance=shares).check(file.path, file.load().labels)
    assert message in str(told.value)
