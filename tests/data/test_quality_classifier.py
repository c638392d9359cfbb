import json
import random
from pathlib import Path

import pyarrow as pa
import pytest

from danlu.core.artifacts import TextClassifier
from danlu.core.errors import UserError, WorkFailed
from danlu.core.outside import DataFile
from danlu.core.stages import Config
from danlu.data.quality_classifier import scores, train_quality
from stages import ran

GOOD = ["the valve", "a sensor", "the operator", "pressure", "maintenance", "阀门", "传感器", "操作员", "压力", "维护"]
BAD = [
    "click here",
    "buy now",
    "free prize",
    "subscribe",
    "limited offer",
    "点击领取",
    "立即购买",
    "免费",
    "限时优惠",
    "加微信",
]


def texts(words: list[str], count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(words, k=6) + chance.choices(["and", "的", "is"], k=4)) for _ in range(count)]


def examples(path: Path, good: list[str], bad: list[str]) -> DataFile:
    rows = [{"text": text, "label": label} for label, found in (("good", good), ("坏", bad)) for text in found]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return DataFile(path)


def trained(file: DataFile) -> TextClassifier:
    return ran(TextClassifier, lambda work: train_quality.body(work, Config(), file=file), work=True)


def test_it_tells_good_from_bad_in_both_languages(tmp_path: Path) -> None:
    model = trained(examples(tmp_path / "e.jsonl", texts(GOOD, 60, 1), texts(BAD, 60, 2)))
    fresh = pa.chunked_array([texts(GOOD, 20, 3) + texts(BAD, 20, 4)])
    quality = scores(model.path, fresh)
    assert (quality[:20] > 0.5).all() and (quality[20:] < 0.5).all()
    assert json.loads((model.path / "report.json").read_text())["held_out_auc"] > 0.95


def test_examples_that_tell_nothing_are_refused(tmp_path: Path) -> None:
    same = texts(GOOD, 80, 5)
    with pytest.raises(WorkFailed, match="do not tell good from bad"):
        trained(examples(tmp_path / "e.jsonl", same[:40], same[40:]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a", "label": "good"}', "1 good and 0 bad examples"),
        ('{"text": "a", "label": "great"}', "line 1: expected a text and a label"),
        ("nonsense", "line 1: expected a text and a label"),
    ],
)
def test_a_wrong_file_is_told_by_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "e.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        trained(DataFile(tmp_path / "e.jsonl"))
