from pathlib import Path
from typing import Any

import pytest

from danlu.core.errors import UserError
from danlu.serve.models import Usage
from danlu.serve.routes.build import build
from danlu.serve.routes.config import ServerRoute, read_routes
from danlu.serve.routes.prices import Price
from danlu.serve.routes.upstream.pool import Connections

DEEPSEEK = {"provider": "deepseek", "model": "deepseek-chat"}
LOCAL = {"url": "http://127.0.0.1:8001/v1/", "model": "qwen"}
KEYS = {"DEEPSEEK_API_KEY": "sk-1"}


def read(models: dict[str, Any], folder: Path = Path("/none")) -> tuple[Any, ...]:
    return read_routes(models, folder, KEYS)


def test_a_provider_is_known_by_name_and_a_server_by_its_address() -> None:
    provider, local = read({"a": DEEPSEEK | {"price": {"input": 2, "output": 8}, "retries": 0}, "b": LOCAL})
    assert isinstance(provider, ServerRoute) and provider.endpoint.base_url == "https://api.deepseek.com/v1"
    assert (provider.endpoint.key, provider.endpoint.retries, provider.price) == ("sk-1", 0, Price(2, 8))
    assert "sk-1" not in repr(provider)
    assert local.endpoint.base_url == "http://127.0.0.1:8001/v1" and local.endpoint.key == ""


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({}, "exactly one of"),
        (DEEPSEEK | LOCAL, "provider + url"),
        ({"provider": "deepsek", "model": "x"}, "deepsek"),
        ({"provider": "openai", "model": "x"}, "OPENAI_API_KEY"),
        ({"provider": "deepseek"}, "`model` is missing"),
        ({"first": []}, "`first`"),
        ({"first": ["a"], "model": "b"}, "`model` has no meaning here"),
        ({"url": "ftp://x", "model": "b"}, "no address"),
        ({"url": "http://me:secret@x", "model": "b"}, "password"),
        (LOCAL | {"pric": {}}, "price"),
        (LOCAL | {"price": {"inptu": 1}}, "input"),
        (LOCAL | {"seats": "many"}, "`seats`"),
        ({"prompt": "none.yaml", "model": "b"}, "none.yaml"),
        ({"prompt": "none.yaml"}, "none.yaml"),
    ],
)
def test_what_is_wrong_is_named(entry: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as refused:
        read({"x": entry})
    shown = f"{refused.value.message} {refused.value}"
    assert told in shown and "secret" not in shown


def test_a_template_says_where_the_question_goes_once(tmp_path: Path) -> None:
    for number, text in enumerate(
        ("question: no place", "question: '{question} {question}'", "- a", "sytem: x", "\x00")
    ):
        (tmp_path / f"{number}.yaml").write_text(text)
        with pytest.raises(UserError) as refused:
            read({"x": {"prompt": f"{number}.yaml", "model": "b"}}, tmp_path)
        assert f"{number}.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ({"own": LOCAL}, "own"),
        ({"a": {"first": ["none"]}}, "none"),
        ({"a": {"first": ["b"]}, "b": {"first": ["a"]}}, "leads to itself"),
        ({"a": {"first": ["a"]}}, "leads to itself"),
    ],
)
def test_names_that_are_taken_unknown_or_lead_to_themselves(models: dict[str, Any], told: str) -> None:
    own = build(read({"own": LOCAL}), {}, Connections())
    with pytest.raises(UserError) as refused:
        build(read(models), own, Connections())
    assert told in str(refused.value)


def test_models_may_lead_to_those_that_come_later_and_the_project_s_come_first() -> None:
    own = build(read({"own": LOCAL}), {}, Connections())
    models = build(read({"a": {"first": ["b", "own"]}, "b": DEEPSEEK}), own, Connections())
    assert list(models) == ["own", "a", "b"]


def test_a_cached_token_costs_its_own_price_and_else_that_of_a_read_one() -> None:
    usage = Usage(1_000_000, 500_000, cached_tokens=400_000)
    assert Price(2, 8).of(usage) == pytest.approx(2 + 4)
    assert Price(2, 8, 0.5).of(usage) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 4)
