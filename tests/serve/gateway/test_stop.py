import signal
import time

import httpx
import pytest

from danlu.core.errors import UserError
from danlu.serve.gateway.run import listen
from danlu.serve.gateway.settings import Settings
from serve.conftest import Running

LOOP = {"model": "handbook-base", "messages": [{"role": "user", "content": "loop"}], "stream": True, "max_tokens": 590}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_server_ends_at_once_and_closes_its_engine(own_gateway: Running, number: signal.Signals) -> None:
    body = LOOP | {"messages": [{"role": "user", "content": "say:hi"}], "stream": False, "max_tokens": 5}
    assert httpx.post(f"{own_gateway.url}/v1/chat/completions", json=body, headers=own_gateway.auth).status_code == 200
    started = time.monotonic()
    own_gateway.process.send_signal(number)
    assert own_gateway.process.wait(10) == 0
    assert time.monotonic() - started < 3
    assert (own_gateway.folder / "closed").exists()


def test_open_stream_is_ended_within_ten_seconds(own_gateway: Running) -> None:
    url = f"{own_gateway.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=LOOP, headers=own_gateway.auth, timeout=20) as response:
        lines = response.iter_lines()
        assert next(lines).startswith("data: ")
        started = time.monotonic()
        own_gateway.process.send_signal(signal.SIGTERM)
        rest = [line for line in lines if line]
    assert own_gateway.process.wait(10) == 0
    assert time.monotonic() - started < 10
    assert "server_stopping" in rest[-1]
    assert (own_gateway.folder / "closed").exists()
    assert "Traceback" not in (own_gateway.folder / "stderr.txt").read_text()


def test_short_reply_may_finish(own_gateway: Running) -> None:
    url = f"{own_gateway.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=LOOP | {"max_tokens": 100}, headers=own_gateway.auth, timeout=20) as response:
        lines = response.iter_lines()
        next(lines)
        own_gateway.process.send_signal(signal.SIGTERM)
        assert [line for line in lines if line][-1] == "data: [DONE]"
    assert own_gateway.process.wait(10) == 0


def test_work_that_cannot_be_interrupted_does_not_keep_the_process(own_gateway: Running) -> None:
    body = {"model": "handbook", "messages": [{"role": "user", "content": "slow"}]}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{own_gateway.url}/v1/chat/completions", json=body, headers=own_gateway.auth, timeout=0.5)
    started = time.monotonic()
    own_gateway.process.send_signal(signal.SIGTERM)
    own_gateway.process.wait(12)
    assert time.monotonic() - started < 10


def test_bad_addresses_are_usage_errors() -> None:
    for host, port in (("127.0.0.1", 70_000), ("no.such.host.invalid", 0), ("192.0.2.1", 0)):
        with pytest.raises(UserError) as refused:
            listen(host, port)
        assert refused.value.hint


@pytest.mark.parametrize("field", ["max_running", "longest_answer_s"])
def test_settings_are_positive(field: str) -> None:
    with pytest.raises(UserError, match=field):
        Settings(**{field: 0})
