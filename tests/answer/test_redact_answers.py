import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from danlu.answer.forgetting.hidden import strike_forgotten
from danlu.answer.forgetting.redact_answers import Redacted, redact_answers
from danlu.answer.forgetting.traces import Quotes
from danlu.answer.state import State
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten, ForgottenDocument

SECRET = "The salary of Mr Falkenrath was raised to nine thousand crowns in May."
OTHER = "The pump is switched off before the valve is opened by hand."


def cited(source: str, quote: str) -> dict[str, Any]:
    return {"source": source, "page": 1, "start": 0, "end": len(quote), "quote": quote, "passage_id": f"{source}:0@0"}


def covers(said: dict[str, Any]) -> int:
    return 7 if said["source"] == "docs/salaries.md" else 0


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
    assert (changed.ids, changed.log_is_emptied) == (("ans_both", "ans_refused", "ans_asked"), True)
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
    assert changed.ids == ()
    assert state.recorded("ans_both")["answer"]["redacted"] == 7


def test_an_answer_whose_question_quoted_one_document_loses_the_words_of_another_too(state: State) -> None:
    """Cited in ten words, which is too few to be known again by themselves."""
    short = {"answer": "Raised in May. [1]", "refused": False, "citations": [cited("docs/salaries.md", "Raised in May.")]}  # fmt: skip
    state.record("ans_short", "release", f"Who does this: {OTHER}", short)
    redact_answers(state.folder / "answers.db", lambda _: 0, Quotes([OTHER]), 6)
    assert state.recorded("ans_short")["answer"]["redacted"] == 6
    redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    found = state.recorded("ans_short")["answer"]
    assert (found["answer"], found["citations"][0]["quote"], found["redacted"]) == ("", "", 7)


def test_what_a_question_was_understood_as_goes_with_the_document_whose_words_it_took(state: State) -> None:
    near = {"answer": "Nothing.", "refused": True, "closest": [cited("docs/salaries.md", SECRET)], "understood": "the zirconium pay"}  # fmt: skip
    state.record("ans_near", "release", "the zirkonium pay", near)
    redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    assert "understood" not in state.recorded("ans_near")["answer"]


def test_a_reader_that_keeps_the_log_is_told(state: State) -> None:
    database = state.folder / "answers.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM answers").fetchall()
        assert not redact_answers(database, covers, Quotes([SECRET]), 7, wait_s=0.1).log_is_emptied
    assert redact_answers(database, covers, Quotes([SECRET]), 7, wait_s=0.1).log_is_emptied


def test_the_last_look_strikes_what_several_orders_cover_in_one_pass(state: State) -> None:
    entries = [
        ForgottenDocument(number, "2026-01-01T00:00:00+00:00", name, name, "", (), ())
        for number, name in ((3, "docs/salaries.md"), (5, "docs/pump.md"))
    ]
    Forgotten(tuple(entries)).write(state.folder)
    strike_forgotten(state.folder)
    said = {id: state.recorded(id)["answer"] for id in ("ans_both", "ans_other", "ans_refused")}
    assert {id: answer["redacted"] for id, answer in said.items()} == {"ans_both": 5, "ans_other": 5, "ans_refused": 3}
    assert said["ans_both"]["answer"] == said["ans_other"]["answer"] == ""


def test_a_project_that_never_answered_has_nothing_to_redact(tmp_path: Path) -> None:
    assert redact_answers(tmp_path / "answers.db", covers, Quotes([SECRET]), 1) == Redacted()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(UserError, match=r"answers\.db cannot be used"):
        redact_answers(tmp_path / "answers.db", covers, Quotes([SECRET]), 1)


def test_records_hold_json_that_is_read_back(state: State) -> None:
    redact_answers(state.folder / "answers.db", covers, Quotes([SECRET]), 7)
    assert json.dumps(state.recorded("ans_both")["answer"])
