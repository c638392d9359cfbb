"""`danlu label` as a user meets it."""

import json
from pathlib import Path

import pytest

from commands import here
from label_ground import FUNCTIONS, MAILS
from labelling_server import Script, serve

SCHEMA = "question: 是广告吗？\nlabels:\n  - {name: spam, definition: 广告}\n  - {name: ham, definition: 其他}\n"


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    for label, texts in MAILS.items():
        for at, text in enumerate(texts):
            (tmp_path / "mails").mkdir(exist_ok=True)
            (tmp_path / "mails" / f"{label}{at}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "functions.yaml").write_text(FUNCTIONS, encoding="utf-8")
    (tmp_path / "labels.yaml").write_text(SCHEMA, encoding="utf-8")
    return tmp_path


def test_from_rules_to_people_and_back_to_agreement(ground: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(ground / "cache")}
    weak = here(ground, "label", "weak", "mails", "--functions", "functions.yaml", "--out", "weak", **cache)
    assert weak.returncode == 0, weak.stderr
    assert "8 of 8 documents have a vote" in weak.stdout
    asked = here(ground, "label", "export", "mails", "--to", "csv", "--labels", "weak", "--out", "tasks", **cache)
    assert asked.returncode == 0, asked.stderr
    table = ground / "tasks" / "tasks.csv"
    lines = table.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 9
    filled = [lines[0], *(line.replace(',"",""', "").replace(",,,", ",ham,anna,", 1) for line in lines[1:])]
    (ground / "filled.csv").write_text("\n".join(filled) + "\n", encoding="utf-8")
    people = here(
        ground,
        "label",
        "import",
        "mails",
        "--file",
        "filled.csv",
        "--from",
        "csv",
        "--out",
        "people",
        "--json",
        **cache,
    )
    assert people.returncode == 0, people.stderr
    assert json.loads(people.stdout)["counts"]["kept"] == 8
    compared = here(ground, "label", "agreement", "weak", "people", "--json", **cache)
    assert compared.returncode == 0, compared.stderr
    found = json.loads(compared.stdout)
    assert found["with_two_labels"] == 8 and found["pairs"][0]["same"] == 0.5


def test_a_model_is_priced_before_it_is_asked_and_told_after(ground: Path) -> None:
    script = Script(lambda request: '{"label": "ham"}')
    with serve(script) as url:
        words = ["label", "model", "mails", "--schema", "labels.yaml", "--model", url, "judge", "--price", "1", "2"]
        cache = {"XDG_CACHE_HOME": str(ground / "cache")}
        dry = here(ground, *words, "--out", "model", "--dry-run", "--json", **cache)
        assert json.loads(dry.stdout)["requests"] == 8 and not script.asked
        made = here(ground, *words, "--out", "model", **cache)
        again = here(ground, *words, "--out", "again", **cache)
    assert made.returncode == again.returncode == 0, made.stderr
    assert "sent 8 requests, 0 answered from the cache; 800 tokens in and 80 out, cost 0.0010" in made.stderr
    assert "sent 0 requests, 8 answered from the cache" in again.stderr and len(script.asked) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["weak", "mails", "--functions", "none.yaml", "--out", "out"], "No such file: none.yaml"),
        (
            ["weak", "mails", "--functions", "functions.yaml", "--out", "out", "--set", "label.min_probabilty=1"],
            "min_probability",
        ),
        (
            ["model", "mails", "--schema", "labels.yaml", "--model", "nowhere", "m", "--out", "out"],
            "is no address of a server",
        ),
        (["export", "mails", "--out", "out", "--labels", "mails"], "is not an artifact"),
        (["import", "mails", "--file", "labels.yaml", "--out", "out"], "is not JSON"),
        (["errors", "mails", "--out", "out"], "--labels"),
        (["agreement", "mails"], "is not an artifact"),
    ],
)
def test_mistakes_are_told_with_status_2(ground: Path, arguments: list[str], message: str) -> None:
    refused = here(ground, "label", *arguments, XDG_CACHE_HOME=str(ground / "cache"))
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert message in refused.stderr
    assert not (ground / "out" / "manifest.json").exists()


def test_chinese_is_spoken(ground: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(ground / "cache")}
    shown = here(
        ground, "--lang", "zh", "label", "weak", "mails", "--functions", "functions.yaml", "--out", "weak", **cache
    )
    assert shown.returncode == 0, shown.stderr
    assert "8 篇文档中 8 篇有投票" in shown.stdout and "few votes" not in shown.stdout
