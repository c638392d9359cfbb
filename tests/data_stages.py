"""Every stage of data on a small corpus in Chinese and English: what the invariants are checked on, stage by stage."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from corpora import corpus, manual, manuals
from danlu.core.artifacts import Corpus, Labels
from danlu.core.project import Source
from danlu.core.stages import Plan, Step
from danlu.core.store import open_artifact
from danlu.data.augment.stage import AugmentConfig, augment
from danlu.data.balance.counterfactual import counterfactual
from danlu.data.balance.resample import resample
from danlu.data.balance.stage import diversity
from danlu.data.clean import clean
from danlu.data.collect import collect
from danlu.data.decontaminate.benchmarks import Benchmarks
from danlu.data.decontaminate.stage import DecontaminateConfig, decontaminate
from danlu.data.deduplicate.stage import deduplicate
from danlu.data.endpoint.client import Endpoint
from danlu.data.extract.stage import extract
from danlu.data.label.by_model import label_by_model
from danlu.data.label.functions import FunctionFile
from danlu.data.label.schema import SchemaFile
from danlu.data.label.weak import label_weakly
from danlu.data.languages import tell_languages
from danlu.data.lock import lock_sources
from danlu.data.mix import mix
from danlu.data.redact.stage import redact
from danlu.data.repair import repair
from danlu.data.split.stage import SplitConfig, split
from danlu.data.split.take import take
from danlu.data.synthesize.stage import synthesize
from danlu.text.records import Document

PARTS = 4
RIDDLES = (
    "A farmer keeps hens in three barns and sells the eggs of two of them every Friday; how many dozens does he sell in a year?",
    "某农户在三个鸡舍里养鸡，每周五把其中两个鸡舍的鸡蛋拿去集市出售，请问他一年之内一共卖出多少打鸡蛋？",
)
FUNCTIONS = """
labels: [list, room]
functions:
  - {name: lists, label: list, keywords: [vendor]}
  - {name: rooms, label: room, keywords: [房卡]}
"""
SCHEMA = """
question: What is the page about?
labels:
  - {name: server, definition: Software of a server.}
  - {name: hotel, definition: Anything else.}
"""


def write_ground(folder: Path, endpoint: str) -> Path:
    """What the stages read: files, a corpus in four parts with duplicates, personal data and rubbish, and the settings of people."""
    bad = [
        replace(manual(2, False), doc_id="copy", source="docs/copy.html"),
        Document("rubbish", "�" * 80, "", "docs/rubbish.txt", "text/plain", "MIT", "en"),
        Document("mail", f"{manual(5, True).text}\n\nli.lei@example.com 或 13812345678\n\nIt doesnâ€™t work", "", "docs/mail.txt", "text/plain", "MIT", "zh"),
        Document("leak", f"{manual(4, False).text}\n\n{RIDDLES[0]}\n\n{RIDDLES[1]}", "", "docs/leak.txt", "text/plain", "MIT", "en"),
    ]  # fmt: skip
    shutil.copytree(corpus([*manuals(24), *bad], PARTS).path, folder / "corpus")
    (folder / "docs").mkdir()
    for one in manuals(24):
        (folder / "docs" / f"{one.doc_id}.txt").write_text(one.text, encoding="utf-8")
    (folder / "docs" / "empty.txt").write_text("", encoding="utf-8")
    for name in ("a damaged.docx", "z damaged.docx"):  # large enough that each is read by itself
        (folder / "docs" / name).write_bytes(b"PK\x03\x04" + bytes(5 << 20))
    riddles = "\n".join(json.dumps({"question": riddle, "answer": "1040"}) for riddle in RIDDLES)
    (folder / "eggs.jsonl").write_text(riddles, encoding="utf-8")
    (folder / "functions.yaml").write_text(FUNCTIONS, encoding="utf-8")
    (folder / "schema.yaml").write_text(SCHEMA, encoding="utf-8")
    (folder / "endpoint").write_text(endpoint, encoding="utf-8")
    return folder


def _corpus(ground: Path) -> Corpus:
    return open_artifact(ground / "corpus", Corpus)


def _extracted(ground: Path) -> Step[Corpus]:
    lock = lock_sources([Source(ground / "docs", "MIT")])
    return extract(files=collect(sources=lock), sources=lock)


def _labelled(ground: Path, cache: Path) -> Step[Labels]:
    endpoint = Endpoint((ground / "endpoint").read_text(encoding="utf-8"), "judge", cache / "replies", concurrency=1)
    return label_by_model(documents=_corpus(ground), endpoint=endpoint, schema=SchemaFile(ground / "schema.yaml"))


def _decontaminated(ground: Path) -> Step[Corpus]:
    config = DecontaminateConfig(policy="paragraph")
    return decontaminate(config, documents=_corpus(ground), against=Benchmarks.below([ground / "eggs.jsonl"]))


_NOISE = AugmentConfig(methods=("grammar", "misread", "dropped"))
_SHARES = SplitConfig(test_share=0.3)

STEPS: dict[str, Callable[[Path, Path], Step]] = {
    "collect": lambda ground, _: collect(sources=lock_sources([Source(ground / "docs", "MIT")])),
    "extract": lambda ground, _: _extracted(ground),
    "tell_languages": lambda ground, _: tell_languages(documents=_corpus(ground)),
    "repair": lambda ground, _: repair(documents=_corpus(ground)),
    "clean": lambda ground, _: clean(documents=repair(documents=_corpus(ground))),
    "deduplicate": lambda ground, _: deduplicate(documents=_corpus(ground)),
    "redact": lambda ground, _: redact(documents=_corpus(ground)),
    "decontaminate": lambda ground, _: _decontaminated(ground),
    "mix": lambda ground, _: mix(manuals=_corpus(ground)),
    "split": lambda ground, _: split(_SHARES, documents=_corpus(ground)),
    "take": lambda ground, _: take(documents=split(_SHARES, documents=_corpus(ground))),
    "label_weakly": lambda ground, _: label_weakly(
        documents=_corpus(ground), functions=FunctionFile(ground / "functions.yaml")
    ),
    "label_by_model": _labelled,
    "synthesize": lambda ground, _: synthesize(documents=_corpus(ground)),
    "augment": lambda ground, _: augment(_NOISE, documents=_corpus(ground)),
    "resample": lambda ground, _: resample(documents=_corpus(ground)),
    "counterfactual": lambda ground, _: counterfactual(documents=_corpus(ground)),
    "balance": lambda ground, _: diversity(documents=_corpus(ground)),
}
"""By name: the stage's step over what lies in a folder; the second folder is for what is no input, such as replies of a model."""

WITH_WORKERS = ("decontaminate",)
"""Killed once more, with two workers in the middle of theirs, when one of them reports the first part."""


def plan_of(stage: str, ground: Path, cache: Path) -> Plan:
    """The plan that ends in a stage."""
    return Plan(STEPS[stage](ground, cache), seed=7)
