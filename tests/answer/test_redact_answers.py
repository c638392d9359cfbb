import json
from pathlib import Path
from typing import Any

import pytest

from danlu.answer.forgetting.redact_answers import redact_answers
from danlu.answer.forgetting.traces import Quotes
from danlu.answer.state import State
from danlu.core.errors import UserError

SECRET = "The salary of Mr Falkenrath was raised to nine thousand crowns in May."
OTHER = "The pump is switched off before the valve is opened by hand."


def cited(source: str, quote: str) -> dict[str, Any]:
    return {"source": source, "page": 1, "start": 0, "end": len(quote), "quote": quote, "passage_id": f"{source}:0@0"}


def covers(said: dict[str, Any]) -> bool:
    return said["source"] == "docs/salaries.md"


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    both = {"answer": f"{SECRET} [1] {OTHER} [2]", "refused": False, "support": 1.5,
            "conflicts": ["salaries.md says “raised in May”"],
            "citations": [cited("docs/salaries.md", SECRET), cited("docs/pump.md", OTHER)]}  # fmt: skip
    refused = {"answer": "I found nothing.", "refused": True, "citations": [], "closest": [{"source": "docs/salaries.md", "text": SECRET}]}  # fmt: skip
    state.record("ans_both", "release", "Who was raised?", both)
    state.record("ans_other", "release", "The pump?", {"answer": OTHER, "refused": False, "citations": [cited("docs/pump.md", OTHER)]})  # fmt: skip
    state.record("ans_refused", "release", "Why?", refused)
    state.record("ans_asked", "release", f"Is it true that {SECRET}", {"answer": "I found nothing.", "refused": True, "citations": []})  # fmt: skip
    state.withhold("ans_both")  # the row is written twice: an earlier page may still hold its words
    return state


def test_the_words_go_and_what_happened_stays(state: State) -> None:
    changed = redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    assert changed == ["ans_both", "ans_refused", "ans_asked"]
    both = state.recorded("ans_both")
    assert (both["question"], both["answer"]["answer"], both["answer"]["redacted"]) == ("Who was raised?", "", 7)
    first, second = both["answer"]["citations"]
    assert first == cited("docs/salaries.md", SECRET) | {"quote": ""}
    assert second == cited("docs/pump.md", OTHER)
    assert both["answer"]["withheld"] is True
    assert "conflicts" not in both["answer"]
    assert state.recorded("ans_other")["answer"]["answer"] == OTHER
    assert "redacted" not in state.recorded("ans_other")["answer"]
    assert state.recorded("ans_refused")["answer"]["answer"] == "I found nothing."
    assert state.recorded("ans_refused")["answer"]["closest"] == [{"source": "docs/salaries.md", "text": ""}]
    assert state.recorded("ans_asked")["question"] == ""


def test_no_byte_of_the_words_is_left_in_the_database_or_its_log(state: State) -> None:
    assert any(b"Falkenrath" in path.read_bytes() for path in state.folder.iterdir())
    redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    for path in state.folder.iterdir():
        assert b"Falkenrath" not in path.read_bytes(), path


def test_doing_it_again_changes_nothing(state: State) -> None:
    for _ in range(2):
        changed = redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    assert changed == []
    assert state.recorded("ans_both")["answer"]["redacted"] == 7


def test_a_project_that_never_answered_has_nothing_to_redact(tmp_path: Path) -> None:
    assert redact_answers(tmp_path / "answers.db", covers, Quotes([SECRET]), 1) == []
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(UserError, match=r"answers\.db cannot be used"):
        redact_answers(tmp_path / "answers.db", covers, Quotes([SECRET]), 1)


def test_records_hold_json_that_is_read_back(state: State) -> None:
    redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    assert json.dumps(state.recorded("ans_both")["answer"])
