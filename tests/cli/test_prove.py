"""`danlu prove` as a user runs it: exit status, text in two languages, JSON, the page, and wrong input."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from commands import danlu, here
from danlu.prove.groups import GROUPS
from tiny import make_tiny_checkpoint

NAMES = [check.name for group in GROUPS for check in group.checks]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_checkpoint(tmp_path_factory.mktemp("prove") / "model")


@pytest.fixture
def broken(model: Path, tmp_path: Path) -> Path:
    """Its end token was changed in one file only."""
    folder = Path(shutil.copytree(model, tmp_path / "broken"))
    path = folder / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"eos_token_id": 0}))
    return folder


def proof(folder: Path, *arguments: str) -> dict[str, Any]:
    done = here(folder, "prove", ".", *arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def verdicts(facts: dict[str, Any]) -> dict[str, str]:
    return {finding["check"]: finding["verdict"] for finding in facts["findings"]}


def test_every_check_has_a_verdict_and_nothing_fails_on_a_healthy_model(model: Path) -> None:
    facts = proof(model)
    assert list(verdicts(facts)) == NAMES
    assert (facts["failed"], facts["counts"]["fail"]) == (False, 0)
    assert all(finding["needs"] for finding in facts["findings"] if finding["verdict"] == "not checkable")


def test_a_fault_ends_with_status_1_and_with_a_command_that_finds_it_again(broken: Path) -> None:
    done = danlu(broken.parent, "prove", "broken")
    assert done.returncode == 1
    assert "FAIL  config.eos" in done.stdout and "LLaMA-Factory #9338" in done.stdout
    again = next(line for line in done.stdout.splitlines() if line.strip().startswith("again: "))
    words = shlex.split(again.partition("again: ")[2])
    assert words[0] == "danlu"
    repeated = here(broken.parent, *words[1:])
    assert repeated.returncode == 1 and "FAIL  config.eos" in repeated.stdout


def test_it_speaks_chinese_and_its_json_is_the_same_in_every_language(broken: Path) -> None:
    said = here(broken, "--lang", "zh", "prove", ".").stdout
    assert "未通过  config.eos" in said and "对话模板以 <|im_end|> 结束回复" in said
    assert "通过" in said and "无法检查" in said and "修复：" in said
    english, chinese = (here(broken, "--lang", language, "prove", ".", "--json").stdout for language in ("en", "zh"))
    assert english == chinese


def test_the_page_is_in_both_languages_and_loads_nothing(broken: Path) -> None:
    here(broken, "prove", ".", "--html", "proof.html")
    page = (broken / "proof.html").read_text(encoding="utf-8")
    assert (
        "the chat template ends a reply with &lt;|im_end|&gt;" in page
        and "对话模板以 &lt;|im_end|&gt; 结束回复" in page
    )
    assert "<script" not in page and "src=" not in page and "href=" not in page and "url(" not in page
    assert all(name in page for name in NAMES)


def test_one_check_or_one_group_can_be_run(model: Path) -> None:
    assert list(verdicts(proof(model, "--only", "config.eos"))) == ["config.eos"]
    assert list(verdicts(proof(model, "--only", "files"))) == ["files.weights", "files.pickle", "files.code"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["empty"], "holds no model, adapter or tokenizer"),
        (["model", "--data", "none.jsonl"], "--data none.jsonl: no such file"),
        (["model", "--against", "none.gguf"], "--against none.gguf: no such file"),
        (["model", "--only", "config.eso"], "did you mean config.eos?"),
        (["model", "--base", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_a_mistake_in_the_command_ends_with_status_2(model: Path, arguments: list[str], message: str) -> None:
    (model.parent / "empty").mkdir(exist_ok=True)
    done = here(model.parent, "prove", *arguments)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr and "Traceback" not in done.stderr


def test_when_no_check_can_run_the_status_is_2(model: Path) -> None:
    done = danlu(model, "prove", ".", "--only", "served")
    assert done.returncode == 2
    assert "no check could run" in done.stderr and "served.model" in done.stdout


def test_a_tokenizer_alone_is_checked_as_far_as_it_goes(model: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(model / name, tmp_path / name)
    found = verdicts(proof(tmp_path))
    assert "fail" not in found.values()
    assert found["files.weights"] == found["config.eos"] == "not checkable"
    assert found["template.turns"] == "pass"


def test_rows_of_no_known_shape_fail_and_the_other_checks_run(model: Path, tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Yes."}]}, {"odd": 1}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n")
    facts = proof(model, "--data", str(tmp_path / "rows.jsonl"))
    assert [name for name, verdict in verdicts(facts).items() if verdict == "fail"] == ["data.rows"]
    assert verdicts(facts)["template.turns"] == "pass"


def test_rows_that_cannot_be_read_are_told_by_whatever_wanted_them(model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("no table")
    found = verdicts(proof(model, "--data", str(tmp_path / "rows.parquet"), "--only", "config.stops"))
    assert found["data.rows"] == "fail" and set(found) == {"config.stops", "data.rows"}


def test_tokens_that_cannot_be_read_fail_once_and_leave_the_template_to_its_checks(model: Path, tmp_path: Path) -> None:
    (tmp_path / "tokens.jsonl").write_text("\n")
    facts = proof(model, "--tokens", str(tmp_path / "tokens.jsonl"))
    found, healthy = verdicts(facts), verdicts(proof(model))
    assert [name for name, verdict in found.items() if verdict == "fail"] == ["data.rows"]
    assert {name for name in NAMES if found[name] != healthy[name]} == {"data.rows"}
    blocked = {finding["check"] for finding in facts["findings"] if finding["blocked"]}
    assert blocked == {"template.parity", "mask.stop", "mask.prompt", "mask.truncated"}
    alone = verdicts(proof(model, "--tokens", str(tmp_path / "tokens.jsonl"), "--only", "template.turns"))
    assert alone == {"template.turns": "pass", "data.rows": "fail"}


def test_rows_of_an_unknown_kind_are_told_and_are_no_fault(model: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("question,answer\n")
    facts = proof(model, "--data", str(tmp_path / "rows.csv"))
    assert "fail" not in verdicts(facts).values()
    rows = next(finding for finding in facts["findings"] if finding["check"] == "data.rows")
    assert rows["blocked"] and "convert it to .jsonl" in rows["needs"]


def test_a_server_that_is_not_there_takes_only_its_own_checks_down(model: Path) -> None:
    facts = proof(model, "--against", "http://127.0.0.1:9/v1")
    found = verdicts(facts)
    assert {verdict for name, verdict in found.items() if name.startswith("served.")} == {"not checkable"}
    assert found["config.eos"] == "pass"
