import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from danlu.serve.access.keys import Keys
from serve.conftest import Running, start, stop

GUARDED = [
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/static/page.js"),
    ("GET", "/static/none"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/handbook"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/"),
    ("DELETE", "/anything"),
    ("GET", "/healthz/"),
    ("GET", "//healthz"),
    ("GET", "/healthz/../v1/models"),
    ("GET", "/login/../"),
    ("GET", "/v1/models?x=/healthz"),
    ("OPTIONS", "/v1/models"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
]


def raw_path(url: tuple[str, str]) -> httpx.URL:
    """A URL whose path is sent as it is written."""
    base, path = url
    return httpx.URL(base).copy_with(raw_path=path.encode())


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_every_route_needs_a_key(gateway: Running, method: str, path: str) -> None:
    url = raw_path((gateway.url, path))
    response = httpx.request(method, url)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    if method != "HEAD":
        assert response.json()["error"]["code"] == "missing_api_key"
    wrong = httpx.request(method, url, headers={"authorization": "Bearer dl-0-wrong"})
    assert wrong.status_code == 401
    if method != "HEAD":
        assert wrong.json()["error"]["code"] == "invalid_api_key"


def test_only_health_is_open_and_says_nothing(gateway: Running) -> None:
    assert httpx.get(f"{gateway.url}/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("given", ["", "Bearer", "Basic abc", "dl-x-y"])
def test_malformed_authorization_is_a_missing_key(gateway: Running, given: str) -> None:
    response = httpx.get(f"{gateway.url}/v1/models", headers={"authorization": given})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "missing_api_key")


def test_wrong_key_is_not_repeated(gateway: Running) -> None:
    response = httpx.get(f"{gateway.url}/v1/models", headers={"authorization": "Bearer sk-secret-value"})
    assert "sk-secret" not in response.text


def test_no_cors(gateway: Running) -> None:
    response = httpx.get(f"{gateway.url}/v1/models", headers={**gateway.auth, "origin": "http://evil.test"})
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_revoked_key_stops_at_its_next_request(own_gateway: Running) -> None:
    url = f"{own_gateway.url}/v1/models"
    assert httpx.get(url, headers=own_gateway.auth).status_code == 200
    keys = Keys(own_gateway.folder / "keys.db")
    keys.revoke(keys.list()[0].id)
    keys.close()
    response = httpx.get(url, headers=own_gateway.auth)
    assert response.status_code == 401 and "revoked" in response.json()["error"]["message"]


def test_rate_limit_is_per_key(tmp_path: Path) -> None:
    running = start(tmp_path, requests_per_minute=6, burst_requests=2)
    try:
        url = f"{running.url}/v1/models"
        assert [httpx.get(url, headers=running.auth).status_code for _ in range(3)] == [200, 200, 429]
        refused = httpx.get(url, headers=running.auth)
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        keys = Keys(tmp_path / "keys.db")
        _, other = keys.create()
        keys.close()
        assert httpx.get(url, headers={"authorization": f"Bearer {other}"}).status_code == 200
        assert httpx.get(f"{running.url}/healthz").status_code == 200
    finally:
        stop(running)


def test_login_link_works_once(own_gateway: Running) -> None:
    token_url = own_gateway.link
    assert httpx.head(token_url).status_code == 204
    assert httpx.get(token_url, headers={"sec-purpose": "prefetch"}).status_code == 204
    first = httpx.get(token_url)
    cookie = first.headers["set-cookie"]
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "token" not in cookie
    again = httpx.get(token_url)
    assert again.status_code == 401 and "set-cookie" not in again.headers
    session = {"cookie": cookie.partition(";")[0]}
    assert httpx.get(f"{own_gateway.url}/", headers=session).status_code == 200
    assert httpx.get(token_url, headers=session).status_code == 303


def test_login_with_a_key_ends_with_the_key(own_gateway: Running) -> None:
    with httpx.Client(base_url=own_gateway.url) as client:
        assert client.post("/login", data={"key": "dl-0-wrong"}).status_code == 401
        assert client.post("/login", content=b"x" * 5000).status_code == 413
        assert client.post("/login", data={"key": own_gateway.key}).status_code == 303
        assert client.get("/v1/models").status_code == 200
        keys = Keys(own_gateway.folder / "keys.db")
        keys.revoke(keys.list()[0].id)
        keys.close()
        assert client.get("/v1/models").status_code == 401


def test_other_origins_cannot_spend_a_login(browser_client: httpx.Client) -> None:
    body = {"model": "handbook", "messages": [{"role": "user", "content": "oil?"}]}
    for origin in ("http://evil.test", "http://127.0.0.1:1", "null"):
        response = browser_client.post("/v1/chat/completions", json=body, headers={"origin": origin})
        assert response.status_code == 403
    own = str(browser_client.base_url).rstrip("/")
    assert browser_client.post("/v1/chat/completions", json=body, headers={"origin": own}).status_code == 200


def test_pages_carry_security_headers(browser_client: httpx.Client) -> None:
    for path in ("/", "/static/page.js", "/static/page.css"):
        response = browser_client.get(path)
        assert response.status_code == 200
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
    html = browser_client.get("/").text
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|style=|https?://(?!www\.w3\.org)", html)


def test_page_without_a_login_says_how_to_get_in(gateway: Running) -> None:
    response = httpx.get(f"{gateway.url}/", headers={"accept": "text/html"})
    assert response.status_code == 401 and "danlu serve" in response.text
    assert "'sha256-" in response.headers["content-security-policy"]


def test_greeting_in_both_languages(own_gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "danlu keys create" in own_gateway.greeting and "works once, for 15 minutes" in own_gateway.greeting
    chinese = start(tmp_path_factory.mktemp("zh"), language="zh")
    stop(chinese)
    assert "只能使用一次" in chinese.greeting


def test_nothing_secret_is_logged(own_gateway: Running) -> None:
    httpx.get(own_gateway.link)
    for content in ("a private question", "crash about private matters"):
        body = {"model": "handbook", "messages": [{"role": "user", "content": content}]}
        httpx.post(f"{own_gateway.url}/v1/chat/completions", json=body, headers=own_gateway.auth)
    stop(own_gateway)
    log = (own_gateway.folder / "stderr.txt").read_text()
    token = own_gateway.link.partition("token=")[2]
    assert "the index is gone" in log, "failures are logged"
    assert not [secret for secret in (token, own_gateway.key, "private") if secret in log]


def test_taken_port_is_a_usage_error_before_anything_starts(gateway: Running, tmp_path: Path) -> None:
    port = gateway.url.rpartition(":")[2]
    script = Path(__file__).parents[1] / "gateway_process.py"
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parents[3] / "src")])
    command = [sys.executable, str(script), str(tmp_path), port, "{}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, env={**os.environ, "PYTHONPATH": paths})
    assert ended.returncode != 0 and ended.stdout == ""
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr and "--port" in ended.stderr
