"""The examples of docs/serve/models.md and its Chinese, as they stand there."""

import re
from pathlib import Path

import pytest
import yaml

from danlu.serve.routes.build import build
from danlu.serve.routes.config import read_routes
from danlu.serve.routes.upstream.pool import Connections

DOCS = Path(__file__).parents[3] / "docs" / "serve"


@pytest.mark.parametrize("page", ["models.md", "models.zh.md"])
def test_the_example_is_read_and_built(page: str, tmp_path: Path) -> None:
    project, template = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "service-desk.yaml").write_text(template, encoding="utf-8")
    routes = read_routes(yaml.safe_load(project)["serve"]["models"], tmp_path, {"DEEPSEEK_API_KEY": "sk-1"})
    assert list(build(routes, {}, Connections())) == ["deepseek", "qwen", "service-desk", "assistant"]
