"""The client: every way in which a server can be wrong is told, and the key goes nowhere but to the address given."""

import socket
import time
from typing import Any

import pytest

from danlu.core.endpoints import Refused
from danlu.core.errors import UserError
from danlu.prove.served import client as served_client
from danlu.prove.served.client import Client
from danlu.prove.served.dialect import recognise
from prove.dialect_server import answering

KEY = "sk-very-secret"
MODELS = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "someone"}]}


def listing(path: str, *_: Any) -> tuple[int, Any]:
    return (200, MODELS) if path == "/v1/models" else (404, {"detail": "Not Found"})


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
def test_an_address_works_with_and_without_v1(end: str) -> None:
    with answering(listing) as url:
        assert recognise(Client(url + end, None), None).model == "m"


def test_an_api_without_v1_in_its_path_is_found() -> None:
    with answering(lambda path, *_: (200, MODELS) if path == "/api/v3/models" else (404, {})) as url:
        assert recognise(Client(f"{url}/api/v3", None), None).api == ""


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UserError, match="cannot be reached"):
            recognise(Client(f"http://127.0.0.1:{taken.getsockname()[1]}", KEY), None)


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(UserError, match="no address"):
        Client(address, None)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(UserError) as raised:
        Client("http://me:hunter2@127.0.0.1", None)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("key", "hint"), [(None, "set the variable DANLU_PROVE_KEY"), (KEY, "not accepted")])
def test_a_missing_or_wrong_key_names_the_variable(status: int, key: str | None, hint: str) -> None:
    with (
        answering(lambda *_: (status, {"error": {"message": f"bad key {KEY}"}})) as url,
        pytest.raises(UserError, match=str(status)) as raised,
    ):
        recognise(Client(url, key), None)
    assert hint in raised.value.hint
    assert KEY not in str(raised.value)


def test_the_key_is_sent_as_a_bearer_token_and_never_said() -> None:
    seen: list[str] = []

    def answer(path: str, body: object, headers: Any) -> tuple[int, Any]:
        seen.append(headers["Authorization"])
        return 400, {"error": {"message": f"you sent {KEY}"}}

    with answering(answer) as url, pytest.raises(Refused) as raised:
        Client(url, KEY).post("/v1/chat/completions", {})
    assert seen == [f"Bearer {KEY}"]
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_told_and_not_followed(status: int) -> None:
    reached: list[str] = []

    def elsewhere(path: str, *_: Any) -> tuple[int, Any]:
        reached.append(path)
        return 200, MODELS

    with (
        answering(elsewhere) as there,
        answering(lambda *_: (status, b"", {"Location": f"{there}/v1/models"})) as url,
        pytest.raises(UserError, match="redirects"),
    ):
        recognise(Client(url, KEY), None)
    assert reached == []


def test_a_page_is_no_api() -> None:
    with answering(lambda *_: (200, b"<!doctype html><title>Chat</title>")) as url, pytest.raises(UserError, match="no JSON but '<!doctype"):  # fmt: skip
        recognise(Client(url, None), None)


def test_a_server_without_a_list_of_models_is_no_openai_api() -> None:
    with (
        answering(lambda *_: (404, b"<html>nothing</html>")) as url,
        pytest.raises(UserError, match="neither /v1/models"),
    ):
        recognise(Client(url, None), None)


def test_several_models_ask_for_a_name() -> None:
    several = {"data": [{"id": "a"}, {"id": "b"}]}
    with answering(lambda path, *_: (200, several) if path == "/v1/models" else (404, {})) as url:
        with pytest.raises(UserError, match="2 models") as raised:
            recognise(Client(url, None), None)
        assert "a, b" in raised.value.hint
        assert recognise(Client(url, None), "b").model == "b"


def test_a_busy_server_is_asked_again_and_a_broken_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_client, "_WAIT_S", (0.0, 0.0))
    answers = [(503, {"error": "loading"}), (429, {}), (200, {"ok": True})]
    with answering(lambda *_: answers.pop(0)) as url:
        client = Client(url, None)
        assert client.post("/v1/chat/completions", {}) == {"ok": True}
        assert client.requests == 3
        answers += [(500, {"error": {"message": "out of memory"}})]
        with pytest.raises(Refused, match="HTTP 500: out of memory"):
            client.post("/v1/chat/completions", {})


def test_too_many_requests_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_client, "_WAIT_S", (0.0, 0.0))
    with answering(lambda *_: (429, {}, {"Retry-After": "3600"})) as url, pytest.raises(UserError, match="429"):
        Client(url, None).get("/v1/models")


def test_a_slow_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_client, "REQUEST_TIMEOUT_S", 0.2)

    def slowly(*_: Any) -> tuple[int, Any]:
        time.sleep(1.0)
        return 200, MODELS

    with answering(slowly) as url, pytest.raises(UserError, match="did not answer within"):
        Client(url, None).get("/v1/models")


def test_all_requests_together_are_bounded() -> None:
    with answering(listing) as url, pytest.raises(UserError, match="did not answer within 0 seconds"):
        Client(url, None, total_timeout_s=0.0).get("/v1/models")


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_client, "MAX_REPLY_BYTES", 1000)
    with answering(lambda *_: (200, b" " * 100_000)) as url, pytest.raises(UserError, match="longer than"):
        Client(url, None).get("/v1/models")
