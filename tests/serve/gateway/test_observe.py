"""What is measured, written down and traced of real requests, read by the real tools."""

import json
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import yaml

from danlu.serve.access.keys import Keys, NewKey
from danlu.serve.observe.audit import verify
from danlu.serve.observe.generated import alert_rules, scrape_config
from danlu.serve.observe.table import ALERTS, METRICS
from serve.conftest import Running, start, stop

SAID = {"model": "handbook-base", "messages": [{"role": "user", "content": "count 3"}]}


class Collector(BaseHTTPRequestHandler):
    """Takes traces as an OpenTelemetry collector does."""

    taken: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        self.taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *said: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def collector() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory, collector: str) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("observed")
    (folder / "serve.json").write_text(json.dumps({"observe": {"log": "requests.jsonl", "traces": collector}}))
    running = start(folder, requests_per_minute=6000, burst_requests=1000)
    yield running
    stop(running)


def key_of(running: Running, new: NewKey) -> dict[str, str]:
    keys = Keys(running.folder / "keys.db")
    _, key = keys.create(new)
    keys.close()
    return {"authorization": f"Bearer {key}"}


def ask(running: Running, **said: object) -> httpx.Response:
    return httpx.post(f"{running.url}/v1/chat/completions", json=SAID | said, headers=running.auth, timeout=30)


def test_only_those_who_may_read_measurements(observed: Running) -> None:
    address = f"{observed.url}/metrics"
    assert httpx.get(address).status_code == 401
    assert httpx.get(address, headers=observed.auth).status_code == 403
    found = httpx.get(address, headers=key_of(observed, NewKey(role="monitor")))
    assert found.status_code == 200
    for metric in METRICS:
        assert f"# TYPE {metric.name.removesuffix('_total') if metric.kind == 'counter' else metric.name}" in found.text


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_counted_logged_and_audited(observed: Running, stream: bool) -> None:
    answer = ask(observed, stream=stream)
    assert answer.status_code == 200
    log = [json.loads(line) for line in (observed.folder / "requests.jsonl").read_text().splitlines()]
    [line] = [line for line in log if line["request"] == answer.headers["x-request-id"]]
    assert line["stream"] is stream
    assert line["completion_tokens"] > 0
    assert "count 3" not in json.dumps(log)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        rows = sqlite3.connect(observed.folder / "serve.db").execute("SELECT record FROM audit").fetchall()
        if found := [json.loads(row[0]) for row in rows if answer.headers["x-request-id"].encode() in row[0]]:
            break
        time.sleep(0.05)
    assert [(record["model"], record["status"]) for record in found] == [("handbook-base", 200)]
    verify(observed.folder / "serve.db")


def test_refusals_are_audited_too(observed: Running) -> None:
    answer = httpx.post(f"{observed.url}/v1/chat/completions", json=SAID, headers={"authorization": "Bearer dl-x-y"})
    assert answer.status_code == 401
    ask(observed)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        rows = sqlite3.connect(observed.folder / "serve.db").execute("SELECT record FROM audit").fetchall()
        if any(answer.headers["x-request-id"].encode() in row[0] for row in rows):
            return
        time.sleep(0.05)
    raise AssertionError("no record of the refusal")


def test_a_trace_joins_the_one_of_the_client(observed: Running) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = observed.auth | {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    httpx.post(f"{observed.url}/v1/chat/completions", json=SAID, headers=headers, timeout=30)
    until = time.monotonic() + 10
    spans: list[dict[str, str]] = []
    while time.monotonic() < until and not spans:
        time.sleep(0.1)
        for batch in list(Collector.taken):
            [resource] = batch["resourceSpans"]
            spans += [span for span in resource["scopeSpans"][0]["spans"] if span["traceId"] == trace]
    names = [span["name"] for span in spans]
    assert names[0] == "chat handbook-base"
    assert {"queue", "engine"} <= set(names)
    assert spans[0]["parentSpanId"] == "00f067aa0ba902b7"
    assert all(span["parentSpanId"] == spans[0]["spanId"] for span in spans[1:])
    assert all(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) for span in spans)


def test_prometheus_scrapes_it_and_knows_every_query(observed: Running, tmp_path: Path) -> None:
    prometheus, promtool = shutil.which("prometheus"), shutil.which("promtool")
    assert prometheus and promtool, "apt-get install prometheus"
    ask(observed, stream=True)
    key = key_of(observed, NewKey(role="monitor"))["authorization"].removeprefix("Bearer ")
    (tmp_path / "danlu.key").write_text(key)
    (tmp_path / "danlu-alerts.yaml").write_text(alert_rules("zh"))
    said = yaml.safe_load(scrape_config(observed.url.removeprefix("http://")))
    said["global"]["scrape_interval"] = "1s"
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(said))
    checked = subprocess.run([promtool, "check", "config", str(tmp_path / "prometheus.yaml")], capture_output=True, text=True)  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [prometheus, f"--config.file={tmp_path / 'prometheus.yaml'}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    process = subprocess.Popen([*command, f"--web.listen-address={address}"], stderr=(tmp_path / "log").open("w"))
    try:
        assert _value(address, 'danlu_requests_total{model="handbook-base"}', 30) >= 1
        assert _value(address, "danlu_seats", 5) >= 1
        for query in [metric.panel for metric in METRICS] + [alert.query for alert in ALERTS]:
            found = httpx.get(f"http://{address}/api/v1/query", params={"query": query}).json()
            assert found["status"] == "success", query
    finally:
        process.terminate()
        process.wait(20)


def _value(address: str, query: str, seconds: float) -> float:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.2)
        try:
            found = httpx.get(f"http://{address}/api/v1/query", params={"query": query}).json()["data"]["result"]
        except httpx.HTTPError:
            continue
        if found:
            return sum(float(one["value"][1]) for one in found)
    raise AssertionError(f"{query} shows nothing")


def test_texts_are_logged_where_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "serve.json").write_text(json.dumps({"observe": {"log": "requests.jsonl", "texts": True}}))
    running = start(tmp_path)
    try:
        ask(running)
        [line] = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    finally:
        stop(running)
    assert line["asked"] == ["count 3"]
    assert line["written"]


def test_a_key_opens_its_own_models_and_only_until_it_ends(observed: Running) -> None:
    scoped = key_of(observed, NewKey(models=["handbook"]))
    listed = httpx.get(f"{observed.url}/v1/models", headers=scoped).json()["data"]
    assert [model["id"] for model in listed] == ["handbook"]
    answer = httpx.post(f"{observed.url}/v1/chat/completions", json=SAID, headers=scoped)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    ended = key_of(observed, NewKey(expires_at="2020-01-01T00:00:00+00:00"))
    answer = httpx.get(f"{observed.url}/v1/models", headers=ended)
    assert answer.status_code == 401
    assert "has expired" in answer.json()["error"]["message"]


def test_every_request_with_a_key_counts_whatever_its_path(observed: Running) -> None:
    for path, status in (("/v1/nonsense", 404), ("/v1/models", 405), ("/v1/chat/completions", 400)):
        headers = key_of(observed, NewKey(limits={"requests_per_minute": 1, "burst_requests": 1}))
        assert httpx.post(f"{observed.url}{path}", content=b"{", headers=headers).status_code == status
        assert httpx.post(f"{observed.url}{path}", content=b"{", headers=headers).status_code == 429


def test_an_answer_that_is_longer_than_is_allowed_is_not_begun(observed: Running) -> None:
    answer = ask(observed, max_tokens=32_769)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "max_tokens")
