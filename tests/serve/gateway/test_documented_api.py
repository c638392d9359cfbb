"""The example of docs/serve/api.md and its Chinese, run as it stands there against a gateway."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import yaml

from danlu.serve.routes.build import build_encoders
from danlu.serve.routes.config import read_routes
from danlu.serve.routes.upstream.pool import Connections
from serve.conftest import Running

DOCS = Path(__file__).parents[3] / "docs" / "serve"


@pytest.mark.parametrize("page", ["api.md", "api.zh.md"])
def test_the_example_runs(gateway: Running, page: str) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code.replace("http://127.0.0.1:8000", gateway.url), {"KEY": gateway.key})
    # Four answers, none of them empty.
    assert len([line for line in out.getvalue().splitlines() if line.strip()]) >= 3


@pytest.mark.parametrize("page", ["api.md", "api.zh.md"])
def test_the_encoders_are_read(page: str) -> None:
    [said] = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    routes = read_routes(yaml.safe_load(said)["serve"]["models"], Path("/project"), {})
    assert [(encoder.id, encoder.task) for encoder in build_encoders(routes, Connections())] == [
        ("vectors", "embedding"),
        ("order", "rerank"),
    ]


@pytest.mark.parametrize("page", ["api.md", "api.zh.md"])
def test_every_path_of_the_page_needs_a_key_but_those_that_say_so(gateway: Running, page: str) -> None:
    import httpx

    paths = re.findall(r"`(GET|POST) (/\S+?)`", (DOCS / page).read_text(encoding="utf-8"))
    assert len(paths) == 10
    for method, path in paths:
        status = httpx.request(method, f"{gateway.url}{path}").status_code
        assert status == (200 if path in ("/healthz", "/readyz") else 401), path
