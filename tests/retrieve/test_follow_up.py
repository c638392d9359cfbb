import json
from pathlib import Path
from typing import Any

import pytest

from danlu.retrieve.claims.follow_up import resolve

CONVERSATIONS = [
    json.loads(line) for line in (Path(__file__).parent / "follow_ups.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", CONVERSATIONS, ids=lambda row: row["question"])
def test_a_follow_up_carries_what_was_asked_about(row: dict[str, Any]) -> None:
    resolved = resolve(row["question"], row["earlier"])
    assert all(any(word in carried for carried in resolved.carried) for word in row["carried"])
    assert not set(row.get("dropped", ())) & set(resolved.carried)
    assert bool(resolved.carried) == bool(row["carried"])


@pytest.mark.parametrize("row", [row for row in CONVERSATIONS if not row["carried"]], ids=lambda row: row["question"])
def test_a_question_that_stands_alone_is_left_to_the_character(row: dict[str, Any]) -> None:
    assert resolve(row["question"], row["earlier"]).question == row["question"]


def test_what_is_named_anew_takes_the_place_of_the_old() -> None:
    assert "Linux" not in resolve("and for Windows?", ["How do I install danlu on Linux?"]).carried
    assert "laptops" not in resolve("And for phones?", ["What is the warranty period for laptops?"]).carried
    assert "Ubuntu" not in resolve("那在树莓派上呢？", ["怎么在 Ubuntu 上安装 danlu？"]).carried


def test_a_verb_is_not_carried_to_a_question_that_points_back() -> None:
    assert "install" not in resolve("How much does it cost?", ["How do I install danlu on Linux?"]).carried
    assert "安装" not in resolve("它怎么卸载？", ["怎么安装 danlu？"]).carried
