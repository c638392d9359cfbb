import json
from pathlib import Path

import pytest

from danlu.core.errors import Phrase, UserError
from danlu.prove import groups
from danlu.prove.contamination.checks import EXACT, NEAR
from danlu.prove.finding import Check, Finding, Verdict
from danlu.prove.waivers import apply_waivers
from danlu.text import waivers as module
from danlu.text.waivers import Waivers

WHOLE = '{"check": "mask.prompt", "reason": "loss on prompts is wanted"}'


def read_waivers(path: Path) -> Waivers:
    return module.read_waivers(path, [check.name for group in groups.GROUPS for check in group.checks])


def write(tmp_path: Path, text: str, name: str = "waive.jsonl") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def check_named(name: str) -> Check:
    return next(check for group in groups.GROUPS for check in group.checks if check.name == name)


def test_a_whole_check_is_waived_and_stays_in_sight(tmp_path: Path) -> None:
    check = check_named("mask.prompt")
    failed = check.failed(Phrase("found"), ["seen"], {"rows": 3})
    [finding] = apply_waivers(read_waivers(write(tmp_path, WHOLE)), [failed])
    assert finding.verdict is Verdict.WAIVED
    assert (finding.said, finding.measured) == (failed.said, failed.measured)
    assert [str(line) for line in finding.evidence] == ["waived: loss on prompts is wanted (waiver 1)", "seen"]


def test_a_waiver_that_waives_nothing_is_said(tmp_path: Path) -> None:
    waivers = read_waivers(write(tmp_path, WHOLE))
    passed = check_named("mask.prompt").passed(Phrase("fine"))
    [finding] = apply_waivers(waivers, [passed])
    assert finding.verdict is Verdict.PASS
    assert str(finding.evidence[-1]) == "waiver 1 waives nothing here: remove it"


def test_other_checks_are_left_alone(tmp_path: Path) -> None:
    findings: list[Finding] = [NEAR.failed(Phrase("found")), EXACT.passed(Phrase("fine"))]
    assert list(apply_waivers(read_waivers(write(tmp_path, WHOLE)), findings)) == findings
    assert list(apply_waivers(Waivers(), findings)) == findings


def test_an_item_is_named_by_row_or_by_the_start_of_its_hash(tmp_path: Path) -> None:
    rows = [
        {"check": "contamination.near", "item": 7, "reason": "reviewed"},
        {"check": "contamination.near", "item": "ABCDEF012345", "reason": "reviewed"},
    ]
    waivers = read_waivers(write(tmp_path, "\n".join(map(json.dumps, rows)) + "\n\n"))
    by_row, by_hash = waivers.of_items("contamination.near")
    assert by_row.covers("contamination.near", 7, "0" * 64) and not by_row.covers("contamination.near", 8, "0" * 64)
    assert by_hash.covers("contamination.near", 8, "abcdef012345" + "0" * 52)
    assert not by_row.covers("contamination.exact", 7, "0" * 64)
    assert waivers.of_items("contamination.exact") == ()
    [finding] = apply_waivers(waivers, [NEAR.failed(Phrase("found"))])
    assert finding.verdict is Verdict.FAIL


def test_yaml_says_the_same_as_json_lines(tmp_path: Path) -> None:
    yaml = "- check: mask.prompt\n  reason: loss on prompts is wanted\n"
    assert read_waivers(write(tmp_path, yaml, "waive.yaml")) == read_waivers(write(tmp_path, WHOLE))
    assert read_waivers(write(tmp_path, "", "empty.yml")) == Waivers()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"check": "mask.prompt"}', "waiver 2: it gives no reason"),
        ('{"check": "mask.prompt", "reason": "  "}', "it gives no reason"),
        ('{"check": "mask.promt", "reason": "x"}', "no check is named 'mask.promt'\nhint: did you mean mask.prompt?"),
        ('{"reason": "x"}', "no check is named None"),
        ('{"check": "contamination.near", "item": 0, "reason": "x"}', "its item 0 is neither a row nor a SHA-256"),
        ('{"check": "contamination.near", "item": true, "reason": "x"}', "its item True is neither"),
        ('{"check": "contamination.near", "item": "abc", "reason": "x"}', "its item 'abc' is neither"),
        ('{"check": "mask.stop", "item": 3, "reason": "x"}', "mask.stop has no items: waive the whole check"),
        ('{"check": "mask.stop", "row": 3, "reason": "x"}', "it has a field 'row'"),
        (WHOLE, "it says the same as waiver 1"),
        ("mask.prompt", "it is not JSON"),
        ("[1]", "it is no object"),
    ],
)
def test_a_malformed_waiver_is_refused_with_its_place(tmp_path: Path, line: str, problem: str) -> None:
    path = write(tmp_path, f"{WHOLE}\n{line}\n")
    with pytest.raises(UserError) as refused:
        read_waivers(path)
    assert "waiver 2" in str(refused.value)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [("w.yaml", "a: [", "is not YAML"), ("w.yaml", "check: mask.stop", "holds no list"), ("w.yaml", "- 3", "it is no object")],
)  # fmt: skip
def test_a_file_that_holds_no_waivers_is_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        read_waivers(write(tmp_path, text, name))


def test_a_missing_file_and_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_waivers(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe{")
    with pytest.raises(UserError, match="not UTF-8"):
        read_waivers(tmp_path / "latin.jsonl")
