"""`danlu tokenizer` from files on disk to a vocabulary, and to a model that fits it."""

import json
from pathlib import Path

import pytest

from commands import danlu
from corpora import manuals
from tiny import make_tiny_checkpoint


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve text files in two languages."""
    folder = tmp_path_factory.mktemp("manuals")
    for one in manuals():
        (folder / f"{one.doc_id}.txt").write_text(one.text, encoding="utf-8")
    return folder


def test_it_trains_and_says_what_each_language_takes(documents: Path, tmp_path: Path) -> None:
    done = danlu(tmp_path, "tokenizer", str(documents), "--out", "vocabulary", "--set", "tokenizer.size=500")
    assert done.returncode == 0, done.stderr
    assert "equal ids on 2 documents: tokenizers, danlu, rustbpe, tiktoken" in done.stdout
    assert json.loads((tmp_path / "vocabulary" / "manifest.json").read_text())["kind"] == "Vocabulary"
    again = danlu(
        tmp_path, "--lang", "zh", "tokenizer", str(documents), "--out", "again", "--set", "tokenizer.size=500"
    )
    assert "在 2 个文档上编号一致" in again.stdout and "每词元字节数：zh" in again.stdout
    one, two = ((tmp_path / name / "tokenizer.json").read_bytes() for name in ("vocabulary", "again"))
    assert one == two


def test_it_extends_a_model(documents: Path, tmp_path: Path) -> None:
    make_tiny_checkpoint(tmp_path / "model")
    arguments = ("tokenizer", str(documents), "--base", "path:model", "--set", "tokenizer.added_pieces=50")
    done = danlu(tmp_path, *arguments, "--out", "grown", "--with-model", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["kind"], made["counts"]["added"]) == ("Checkpoint", 50)
    assert (tmp_path / "grown" / "model.safetensors").is_file() and (tmp_path / "grown" / "tokenizer.json").is_file()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--with-model"], "--with-model needs --base"),
        (["--base", "path:nowhere"], "neither a folder nor a GGUF file"),
        (["--set", "tokenizer.size=20"], "expected 300 or more"),
    ],
)
def test_mistakes_are_told_with_status_2(documents: Path, tmp_path: Path, more: list[str], message: str) -> None:
    refused = danlu(tmp_path, "tokenizer", str(documents), "--out", "out", *more)
    assert refused.returncode == 2 and message in refused.stderr
