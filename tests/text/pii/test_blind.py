"""Recall and precision by type on benchmarks/pii_blind.jsonl, which was written without a look at the detectors."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

from danlu.text.pii.scan import scan

FOLDER = Path(__file__).parents[3] / "benchmarks"
LEAST_RECALL, LEAST_PRECISION = 0.99, 0.95


def test_every_type_reaches_its_targets_on_the_blind_set_with_both_ends_of_every_span_right() -> None:
    rows = [json.loads(line) for line in (FOLDER / "pii_blind.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted, found, right = Counter[str](), Counter[str](), Counter[str]()
    for row, findings in zip(rows, scan([row["text"] for row in rows]), strict=True):
        spans = {tuple(span) for span in row["spans"]}
        wanted.update(kind for _, _, kind in spans)
        found.update(finding.kind for finding in findings)
        right.update(finding.kind for finding in findings if tuple(finding) in spans)
    assert len(wanted) == 32
    assert {kind: right[kind] / wanted[kind] for kind in wanted if right[kind] < LEAST_RECALL * wanted[kind]} == {}
    assert {kind: right[kind] / found[kind] for kind in found if right[kind] < LEAST_PRECISION * found[kind]} == {}


def test_the_blind_set_is_the_one_that_its_generator_names() -> None:
    generator = (FOLDER / "make_pii_blind.py").read_text(encoding="utf-8")
    named = re.search(r'^SHA256 = "([0-9a-f]{64})"$', generator, re.MULTILINE)
    assert named
    assert hashlib.sha256((FOLDER / "pii_blind.jsonl").read_bytes()).hexdigest() == named[1]
