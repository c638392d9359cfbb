import argparse
from pathlib import Path

import pytest

from commands import every_command, here
from danlu.cli.setting_examples import setting_example

READ_DOCUMENTS = {
    "clean": [], "deduplicate": [], "redact": [], "decontaminate": ["--against", "none"], "split": [], "synthesize": [],
    "augment": [], "balance": [], "label weak": ["--functions", "none"], "label export": [],
    "label errors": ["--labels", "none"], "label import": ["--field", "none"],
    "tokenizer": [], "tokenize": ["--tokenizer", "none"], "pretrain": [],
    "search pretrain": ["--set", "search.layers=1|2"],
    "label model": ["--model", "http://127.0.0.1:9/v1", "none", "--schema", "none"],
}  # fmt: skip
"""Commands on documents or a corpus, with what else they cannot do without."""


def options(command: argparse.ArgumentParser) -> dict[str, tuple[object, ...]]:
    return {
        action.dest: (action.option_strings, action.nargs, action.default, action.required, action.help)
        for action in command._actions
    }


def test_commands_on_documents_take_them_and_write_them_alike() -> None:
    commands = {name: options(command) for name, command in every_command().items()}
    paths = {name: taken["paths"] for name, taken in commands.items() if "paths" in taken}
    reading = {name for name, (_, count, *_, help) in paths.items() if "corpus" in str(help) and count == "+"}
    assert reading == set(READ_DOCUMENTS)
    for shared in ("paths", "licence", "out", "set", "compute", "workers", "json"):
        alike = {str(commands[name][shared]).replace(setting_example(f"danlu {name}"), "…") for name in reading}
        assert alike == {str(commands["clean"][shared]).replace(setting_example("danlu clean"), "…")}
    seeded = [str(taken["seed"]) for taken in commands.values() if "seed" in taken]
    assert len(set(seeded)) == 1 < len(seeded)


@pytest.mark.parametrize("command", [*READ_DOCUMENTS, "index", "head embed", "head rerank"])
def test_what_is_written_may_not_lie_inside_what_is_read(tmp_path: Path, command: str) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.txt").write_text("说明 and instructions", encoding="utf-8")
    needed = READ_DOCUMENTS.get(command, [])
    refused = here(tmp_path, *command.split(), "pages", *needed, "--out", "pages/corpus")
    assert refused.returncode == 2
    assert "pages/corpus lies inside pages, which is read" in refused.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["pages", "a.txt"]


@pytest.mark.parametrize(
    ("pair", "said"),
    [("clean.rules", "expected KEY=VALUE"), ("clean.rules=[x", "not valid YAML"), ("x.y=1", "unknown")],
)
def test_settings_that_cannot_be_read_are_told(tmp_path: Path, pair: str, said: str) -> None:
    (tmp_path / "a.txt").write_text("说明", encoding="utf-8")
    refused = here(tmp_path, "deduplicate", "a.txt", "--out", "out", "--set", pair)
    assert refused.returncode == 2
    assert said in refused.stderr


def test_the_example_of_a_setting_is_one_that_the_reference_knows() -> None:
    known = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    examples = {
        name: setting_example(f"danlu {name}") for name, command in every_command().items() if "set" in options(command)
    }
    assert [name for name, example in examples.items() if f"| `{example.partition('=')[0]}` |" not in known] == []
    assert [examples[name] for name in ("finetune", "clean")] == ["finetune.max_train_tokens=100000", "clean.rules=web"]
