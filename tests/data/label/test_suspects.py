import json
import random

import pytest

from danlu.core.errors import WorkFailed
from danlu.data.label.records import read_labels
from danlu.data.label.suspects import SuspectsConfig, find_label_errors
from danlu.data.label.tasks import ExportConfig, export_tasks
from danlu.text.tables import read_rows
from label_ground import corpus, document, labels, made, mails

WORDS = {
    "spam": ["免费", "大奖", "free", "prize", "click", "中奖"],
    "ham": ["会议", "补丁", "meeting", "patch", "kernel", "记录"],
}


def written(count: int):
    """Documents of words of their class, one word in five of the other."""
    draw = random.Random(0)
    classes = [draw.choice(("spam", "ham")) for _ in range(count)]
    other = {"spam": "ham", "ham": "spam"}
    texts = [
        " ".join(draw.choice(WORDS[label if draw.random() < 0.8 else other[label]]) for _ in range(30))
        for label in classes
    ]
    return [document(f"{at:04}", f"{text} {at}") for at, text in enumerate(texts)], classes


def test_planted_errors_come_first_and_go_out_for_review() -> None:
    documents, classes = written(300)
    wrong = set(random.Random(1).sample(range(300), 20))
    given = [("ham" if label == "spam" else "spam") if at in wrong else label for at, label in enumerate(classes)]
    texts = corpus(documents)
    found = made(find_label_errors, SuspectsConfig(), documents=texts, labels=labels(documents, given))
    suspects = list(read_labels(found))
    planted = {documents[at].doc_id for at in wrong}
    found_ids = {label.doc_id for label in suspects}
    assert len(found_ids & planted) >= 12 and len(found_ids - planted) <= 1
    assert all(json.loads(label.meta)["given"] != label.label for label in suspects)
    assert found.manifest.counts["kept"] == 300 and found.manifest.counts["suspects"] == len(suspects)
    tasks = made(export_tasks, ExportConfig(count=5), documents=texts, labels=found).path / "tasks.json"
    asked = json.loads(tasks.read_text(encoding="utf-8"))
    assert [task["data"]["doc_id"] for task in asked] == [label.doc_id for label in suspects[:5]]
    assert asked[0]["data"]["given_label"] == json.loads(suspects[0].meta)["given"]


def test_what_cannot_be_judged_is_told() -> None:
    documents, classes = written(100)
    given = ["rare" if at < 5 else label for at, label in enumerate(classes)]
    changed = [document(documents[50].doc_id, "rewritten"), *documents[:50], *documents[51:99]]
    found = made(find_label_errors, SuspectsConfig(), documents=corpus(changed), labels=labels(documents, given))
    rules = [row["rule"] for row in read_rows(found.path / "rejects")]
    assert sorted(set(rules)) == ["label too rare to judge", "no such document", "text changed since it was labelled"]
    counts = found.manifest.counts
    assert counts["input"] == counts["kept"] + counts["rejected"] == 100


def test_too_few_labels_fail_with_their_sizes() -> None:
    documents = mails()
    with pytest.raises(WorkFailed, match="ham 4, spam 4"):
        made(
            find_label_errors,
            SuspectsConfig(),
            documents=corpus(documents),
            labels=labels(documents, [document.doc_id.split("-")[0] for document in documents]),
        )
