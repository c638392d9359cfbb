import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from commands import DANLU, danlu, environment, every_command, here
from documents import small_project_file, write_yaml

QUESTION = "How does a Debian system boot?"


def test_init_writes_a_project_that_refers_to_its_documents(tmp_path: Path) -> None:
    (tmp_path / "manuals").mkdir()
    done = here(tmp_path, "init", "bot", "--docs", "manuals", "--licence", "MIT")
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "bot" / "danlu.yaml").read_text()
    assert f"path: {tmp_path / 'manuals'}" in said
    assert "licence: MIT" in said
    assert "next: cd bot && danlu run" in done.stdout
    assert not list((tmp_path / "bot").glob("*/"))


def test_init_says_when_the_licence_is_unknown_and_paths_inside_are_relative(tmp_path: Path) -> None:
    (tmp_path / "bot" / "docs").mkdir(parents=True)
    done = here(tmp_path, "init", "bot", "--docs", "bot/docs")
    assert "licence of the documents is unknown" in done.stdout
    assert "path: docs\n" in (tmp_path / "bot" / "danlu.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init", "bot", "--docs", "missing"], "No such file or folder: missing"),
        (["init", "bot", "--docs", ".", "--recipe", "cake"], "Unknown recipe `cake`"),
        (["init", "file", "--docs", "."], "file cannot be made"),
        (["init", "file/bot", "--docs", "."], "file/bot cannot be made"),
        (["init", "project", "--docs", "."], "project is a project already"),
        (["run"], "No danlu.yaml in"),
        (["plan"], "No danlu.yaml in"),
        (["show"], "No danlu.yaml in"),
        (["ask", "x"], "No danlu.yaml in"),
        (["why", "ans_1"], "No danlu.yaml in"),
    ],
)
def test_a_mistake_exits_2_with_one_message_and_the_next_step(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "danlu.yaml").touch()
    done = here(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("hint: ")


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["run", "--nonsense"], ["ask"], ["init"], ["--lang", "fr", "plan"]]
)
def test_wrong_usage_exits_2(tmp_path: Path, arguments: list[str]) -> None:
    done = here(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: danlu")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [name.split() for name in every_command()], ids=" ".join)
def test_every_command_has_help_with_an_example_in_both_languages(tmp_path: Path, command: list[str]) -> None:
    english, chinese = (here(tmp_path, *command, "--help", "--lang", language) for language in ("en", "zh"))
    for done in (english, chinese):
        assert (done.returncode, done.stderr) == (0, "")
        assert f"danlu {' '.join(command)}" in done.stdout.splitlines()[-1]
    assert "example: " in english.stdout
    assert english.stdout != chinese.stdout


def test_plan_lists_the_stages_and_what_is_done(small_project: Path) -> None:
    rows = json.loads(here(small_project, "plan", "--json").stdout)
    assert [row.keys() for row in rows] == [{"stage", "id", "done", "inputs"}] * len(rows)
    assert all(row["done"] for row in rows)
    assert rows[-1]["stage"] == "release"
    table = here(small_project, "plan").stdout
    assert all(row["id"] in table for row in rows)
    changed = json.loads(here(small_project, "plan", "--json", "--set", "clean.min_quality=0.6").stdout)
    assert {row["stage"] for row in changed if row["done"]} == {"collect", "extract", "repair", "base"}


def test_run_skips_what_is_done_and_names_its_release(small_project: Path) -> None:
    done = here(small_project, "run")
    assert done.returncode == 0
    assert done.stdout.count("already done") == len(json.loads(here(small_project, "plan", "--json").stdout))
    assert "is current: `danlu ask`" in done.stdout
    until = here(small_project, "run", "--until", "extract")
    assert (until.returncode, until.stdout.count("already done")) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--until", "bake"], "No stage is called bake"),
        (["run", "--set", "clean.rules"], "--set clean.rules: expected KEY=VALUE"),
        (["run", "--set", "clean.rulez=manual"], "unknown key `clean.rulez`"),
        (["run", "--set", "clean.rules=[x"], "--set clean.rules=[x: the value is not valid YAML"),
        (["run", "--set", "clean.min_quality=7"], "`clean.min_quality` is 7"),
        (["plan", "--set", "cleen.rules=manual"], "unknown key `cleen.rules`"),
        (["show", "0000"], "No artifact has an id that starts with 0000"),
        (["show", "**"], "No artifact has an id that starts with **"),
        (["why", "ans_0"], "No answer has the id ans_0"),
        (["ask", " "], "The question is empty"),
        (["ask", "？？？"], "The question is empty"),
        (["ask", "x" * 5000], "The question has 5000 characters"),
    ],
)
def test_a_mistake_inside_a_project_exits_2(small_project: Path, arguments: list[str], message: str) -> None:
    done = here(small_project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {message}") or message in done.stderr.splitlines()[0]
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_show_lists_artifacts_and_shows_one_with_its_rejects(small_project: Path) -> None:
    manifests = json.loads(here(small_project, "show", "--json").stdout)
    assert manifests[0]["stage"] == "collect"
    assert {manifest["id"] for manifest in manifests} == {
        line.split()[1] for line in here(small_project, "show").stdout.splitlines()[1:]
    }
    for name in ("clean", next(m["id"] for m in manifests if m["stage"] == "clean")[:8]):
        facts = json.loads(here(small_project, "show", name, "--json").stdout)
        assert {reject["rule"] for reject in facts["rejects"]} == {"empty", "garbled"}
        assert facts["counts"]["input"] == facts["counts"]["kept"] + len(facts["rejects"])
    assert "docs/bad/garbled.txt" in here(small_project, "show", "clean").stdout
    for stage in (manifest["stage"] for manifest in manifests):
        assert here(small_project, "show", stage).returncode == 0, stage


def test_show_prints_what_a_stand_alone_command_rejected_from_its_folder(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.txt").write_text("The pump is switched off before the valve is opened.")
    (docs / "picture.png").write_bytes(b"not a picture at all \x00\x01\x02")
    (docs / "rows.jsonl").write_text("".join(f'{{"text": ""}}\n{{"text": "Row {n} has words."}}\n' for n in range(30)))
    assert here(tmp_path, "clean", "docs", "--out", "out").returncode == 0
    shown = here(tmp_path, "show", "out").stdout
    assert "collect  docs/picture.png" in shown and "extract  docs/rows.jsonl#1 " in shown
    assert "and 11 more: --json prints them all" in shown
    facts = json.loads(here(tmp_path, "show", "out", "--json").stdout)
    assert len(facts["rejects"]) == 31
    assert {reject["stage"] for reject in facts["rejects"]} == {"collect", "extract"}


def test_ask_prints_one_answer_in_the_promised_shape(small_project: Path) -> None:
    done = here(small_project, "ask", QUESTION, "--json")
    given = json.loads(done.stdout)
    assert (done.returncode, given["refused"]) == (0, False)
    assert list(given) == ["answer_id", "answer", "refused", "citations"]
    for citation in given["citations"]:
        assert list(citation) == ["source", "page", "start", "end", "quote"]
        assert len(citation["quote"]) == citation["end"] - citation["start"]
    plain = here(small_project / "docs", "ask", QUESTION)
    assert given["answer"] in plain.stdout
    assert f"[1] {given['citations'][0]['source']}" in plain.stdout
    assert "ans_" in plain.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("question", "part"), [("Who won the World Cup in 1998?", "I found nothing"), ("红烧肉要炖多久？", "没有找到")]
)
def test_a_refusal_exits_0_with_its_text_and_no_citations(small_project: Path, question: str, part: str) -> None:
    done = here(small_project, "ask", question, "--json")
    given = json.loads(done.stdout)
    assert (done.returncode, given["refused"], given["citations"]) == (0, True, [])
    assert part in given["answer"]


def test_why_prints_the_chain_and_says_what_changed(small_project: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(small_project, tmp_path / "copy"))
    answer_id = json.loads(here(folder, "ask", QUESTION, "--json").stdout)["answer_id"]
    chain = json.loads(here(folder, "why", answer_id, "--json").stdout)
    assert all(list(link)[:3] == ["what", "id", "status"] for link in chain)
    assert {link["status"] for link in chain} == {"verified"}
    shutil.rmtree(folder / "docs")
    plain = here(folder, "why", answer_id)
    assert plain.returncode == 1
    assert any(line.startswith("missing") and "source 1" in line for line in plain.stdout.splitlines())
    assert "links do not hold: source 1" in plain.stderr


def test_a_pipe_that_closes_early_is_no_error(small_project: Path) -> None:
    process = subprocess.Popen(
        [DANLU, "show", "clean", "--json"], cwd=small_project, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stderr
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


def test_bytes_that_are_no_text_may_be_asked(small_project: Path) -> None:
    done = subprocess.run(
        [os.fsencode(DANLU), b"ask", b"boot \xff\xfe"], cwd=small_project, env=environment(), check=False
    )
    assert done.returncode == 0


def test_nothing_is_written_outside_the_project(tmp_path: Path) -> None:
    folder, home = tmp_path / "project", tmp_path / "home"
    (folder / "docs").mkdir(parents=True)
    home.mkdir()
    (folder / "docs" / "a.md").write_text("# The pump\n\nThe pump is vented at the upper screw before it starts.\n")
    write_yaml(folder, small_project_file())
    done = danlu(folder, "run", "--until", "index", HOME=str(home), TMPDIR=str(home))
    assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []
    assert {path.name for path in folder.iterdir()} == {"danlu.yaml", "docs", ".danlu"}
