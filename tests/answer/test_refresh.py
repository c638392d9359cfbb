import json
import shutil
from pathlib import Path

import pytest

from commands import danlu
from danlu.answer.asking.ask import ReleaseBot
from danlu.core.project import Project, load_project

KETTLE = "# Kettles\n\nThe zircon kettle of the staff kitchen is descaled with citric acid every second Friday by the team.\n"
QUESTION = "How is the zircon kettle descaled?"


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Project:
    shutil.copytree(small_project, tmp_path / "small")
    return load_project(tmp_path / "small")


def refreshed(project: Project, *options: str) -> dict[str, object]:
    done = danlu(project.folder, "refresh", "--json", *options)
    assert done.returncode == 0, done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


def test_a_server_that_runs_follows_new_changed_and_deleted_files(project: Project) -> None:
    refreshed(project)
    bot, kettle = ReleaseBot(project), project.folder / "docs" / "en" / "kettle.md"
    assert bot.ask(QUESTION).refused
    kettle.write_text(KETTLE)
    assert refreshed(project, "--check")["changes"] == {"new": ["docs/en/kettle.md"], "changed": [], "gone": []}
    assert bot.ask(QUESTION).refused
    assert refreshed(project)["documents"] == 1
    [citation] = bot.ask(QUESTION).citations
    assert (citation.source, "citric acid" in citation.quote) == ("docs/en/kettle.md", True)
    kettle.write_text(KETTLE.replace("citric acid", "white vinegar"))
    assert refreshed(project)["changes"] == {"new": [], "changed": ["docs/en/kettle.md"], "gone": []}
    assert "white vinegar" in bot.ask(QUESTION).answer
    kettle.unlink()
    assert refreshed(project)["removed"] == 1
    assert bot.ask(QUESTION).refused
    assert refreshed(project) == {
        "changes": {"new": [], "changed": [], "gone": []}, "documents": 0, "removed": 0, "rejects": [], "nothing": None
    }  # fmt: skip
    bot.close()


def test_the_rows_of_a_data_set_come_and_go_with_their_file(project: Project) -> None:
    refreshed(project)
    table = project.folder / "docs" / "en" / "parts.jsonl"
    rows = [
        {"text": f"Part number {n}: the zircon valve {n} of the boiler opens at {n} bar and is made of brass."}
        for n in range(3)
    ]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert refreshed(project)["documents"] == 3
    table.write_text(json.dumps(rows[0]) + "\n")
    assert (refreshed(project)["removed"], len(refreshed(project)["rejects"])) == (2, 0)  # type: ignore[arg-type]


def test_files_that_cannot_be_read_are_told_once_and_stop_nothing(project: Project) -> None:
    refreshed(project)
    (project.folder / "docs" / "en" / "empty.md").write_text("")
    done = danlu(project.folder, "refresh")
    assert (done.returncode, "empty.md" in done.stdout, "error" in done.stdout) == (0, True, True)
    assert "nothing changed" in danlu(project.folder, "refresh").stdout
    (project.folder / "docs" / "en" / "empty2.md").write_text("")
    (project.folder / "docs" / "en" / "kettle.md").write_text(KETTLE)
    said = refreshed(project)
    assert (said["documents"], [row["source"] for row in said["rejects"]]) == (1, ["docs/en/empty2.md"])  # type: ignore[attr-defined]


def test_a_run_forgets_what_only_a_refresh_had_and_reads_again_what_was_lifted(project: Project) -> None:
    def run() -> None:
        done = danlu(project.folder, "run")
        assert done.returncode == 0, done.stderr

    refreshed(project)
    bot, kettle = ReleaseBot(project), project.folder / "docs" / "en" / "kettle.md"
    kettle.write_text(KETTLE)
    refreshed(project)
    assert not bot.ask(QUESTION).refused
    kettle.unlink()
    run()  # the same sources as before: the same release, and the live index of before
    assert bot.ask(QUESTION).refused
    asked = "How do I keep a Debian system up to date?"
    [citation, *_] = bot.ask(asked).citations
    for order in (("forget", citation.source), ("forget", "--lift", citation.source)):
        done = danlu(project.folder, *order)
        assert done.returncode == 0, done.stderr
    assert citation.source not in {one.source for one in bot.ask(asked).citations}
    run()
    assert citation.source in {one.source for one in bot.ask(asked).citations}
    bot.close()
