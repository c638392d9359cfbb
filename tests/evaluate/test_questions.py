"""`danlu evaluate INDEX --data`: an index held against questions of a user's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from danlu.cli.main import main
from danlu.core.errors import UserError
from danlu.evaluate.questions import read_questions
from indexes import Indexed, indexed

DOCUMENTS = {
    "holidays.md": "# Holidays\n\nEvery employee has 27 days of holidays a year. Days that are left over lapse at the end of March.\n\n"
    "## Parental leave\n\nParental leave lasts up to fourteen months. The form lies in the library.\n",
    "travel.md": "# Travel\n\nTrains are booked in second class. Taxis are paid for only after eleven at night.\n\n"
    "## Hotels\n\nA hotel may cost up to 140 euros a night. Breakfast is paid for by the traveller.\n",
    "jiaqi.md": "# 请假制度\n\n员工每年有二十七天年假。剩余的年假在三月底作废。\n\n## 病假\n\n病假超过三天需要医生证明。\n",
    "old-travel.md": "# Travel, earlier rules\n\nA hotel may cost up to 90 euros a night.\n",
}


@pytest.fixture(scope="module")
def office() -> Indexed:
    return indexed({name: text.encode() for name, text in DOCUMENTS.items()})


def measured(office: Indexed, folder: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    data = folder / "questions.jsonl"
    data.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    assert main(["evaluate", str(office.index.path), "--data", str(data), "--out", str(folder / "report")]) == 0
    found: dict[str, Any] = json.loads((folder / "report" / "report.json").read_text(encoding="utf-8"))["questions"]
    return found


def test_every_measure_is_told_by_language_with_its_interval(
    office: Indexed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measured(
        office,
        tmp_path,
        {"question": "How many days of holidays do I have?", "file": "holidays.md", "quote": "27 days of holidays"},
        {"question": "How long is parental leave?", "file": "docs/holidays.md", "quote": "up to fourteen months"},
        {"question": "病假需要医生证明吗？", "file": "jiaqi.md", "quote": "病假超过三天需要医生证明"},
        {"question": "Where is the pool?", "file": "holidays.md", "quote": "The pool is behind the house"},
        {"question": "Who painted the Mona Lisa?", "kind": "off"},
        {"question": "怎么做红烧肉？"},
    )
    english, chinese = found["languages"]["en"], found["languages"]["zh"]
    assert english["retrieval"]["served"]["recall_at_10"] == {"count": 2, "of": 2, "low": 0.3424, "high": 1.0}
    assert set(english["retrieval"]) == {"words", "bigrams", "dense", "served"}
    assert english["shares"]["answered"]["of"] == 3
    assert english["shares"]["refused: off"]["of"] == 1
    assert chinese["shares"]["answer quoted"]["count"] == chinese["shares"]["refused"]["count"] == 1
    assert found["held by no passage"] == ["Where is the pool?"]
    assert found["citations verbatim"]["count"] == found["citations verbatim"]["of"] > 0
    told = capsys.readouterr().out
    assert "Where is the pool?" in told
    assert "refused: off" in told


def test_a_quote_counts_by_its_first_half_only_where_its_document_holds_all_of_it(
    office: Indexed, tmp_path: Path
) -> None:
    cut = "Days that are left over lapse at the end of March. Parental leave Parental"
    found = measured(
        office,
        tmp_path,
        {"question": "When do days of holidays lapse?", "file": "holidays.md", "quote": cut},
        {
            "question": "How long is parental leave?",
            "file": "holidays.md",
            "quote": "lasts up to fourteen zebra crossings",
        },
    )
    assert found["held by no passage"] == ["How long is parental leave?"]
    assert found["languages"]["en"]["retrieval"]["served"]["recall_at_10"]["of"] == 1


def test_follow_ups_and_contradictions_have_measures_of_their_own(office: Indexed, tmp_path: Path) -> None:
    found = measured(
        office,
        tmp_path,
        {"question": "How much may a hotel cost a night?", "file": "travel.md", "quote": "140 euros", "conflict": True},
        {
            "question": "And how long does it last?", "earlier": ["What about parental leave?"], "file": "holidays.md",
            "quote": "up to fourteen months",
        },
    )["languages"]["en"]["shares"]  # fmt: skip
    assert (found["contradictions shown"]["count"], found["contradictions shown"]["of"]) == (1, 1)
    assert found["follow-ups: answer quoted"]["of"] == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no JSON", "not a question"),
        ('{"question": " "}', "not a question"),
        ('{"question": "x", "files": "y"}', "unknown field files"),
        ('{"question": "x", "file": "y"}', "`file` and `quote` belong together"),
        ('{"question": "x", "conflict": true}', "`conflict` is for a question with"),
        ('{"question": "x", "earlier": "y"}', '`earlier` is "y"'),
        ('{"question": "x", "kind": 1}', "`kind` is 1"),
    ],
)
def test_a_line_that_is_no_question_is_named_with_what_is_wrong(tmp_path: Path, line: str, problem: str) -> None:
    data = tmp_path / "questions.jsonl"
    data.write_text(f'{{"question": "x"}}\n{line}\n')
    with pytest.raises(UserError) as caught:
        read_questions(data)
    assert f"line 2: {problem}" in caught.value.message


def test_what_is_missing_is_told(
    office: Indexed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", str(office.index.path)]) == 2
    assert "--data is needed" in capsys.readouterr().err
    assert main(["evaluate", str(office.index.path), "--data", "q.jsonl"]) == 2
    assert "--out is needed" in capsys.readouterr().err
    assert main(["evaluate", "--out", "report"]) == 2
    assert "--out is for --data" in capsys.readouterr().err
    assert main(["evaluate"]) == 2
    assert "No danlu.yaml" in capsys.readouterr().err


def test_in_a_project_its_own_held_out_questions_are_measured(
    small_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(small_project)
    assert main(["evaluate"]) == 0
    assert "retrieval of held-out heading questions" in capsys.readouterr().out


def test_in_a_project_the_index_of_its_release_is_measured_on_own_questions(
    small_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "questions.jsonl"
    data.write_text('{"question": "Who painted the Mona Lisa?"}')
    monkeypatch.chdir(small_project)
    assert main(["evaluate", "--data", str(data), "--out", str(tmp_path / "report"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"questions": 1}
