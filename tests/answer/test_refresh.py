import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import danlu, here
from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.why import why
from danlu.answer.asking.why_document import why_document
from danlu.answer.index.live import open_live
from danlu.answer.state import current_index
from danlu.core.errors import UserError
from danlu.core.project import Project, load_project
from danlu.core.store import only_writer

KETTLE = "# Kettles\n\nThe zircon kettle of the staff kitchen is descaled with citric acid every second Friday by the team.\n"
QUESTION = "How is the zircon kettle descaled?"
NONE: dict[str, list[str]] = {"changed": [], "gone": [], "again": [], "forgotten": []}


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
    assert refreshed(project, "--check")["changes"] == {"new": ["docs/en/kettle.md"], **NONE}
    assert bot.ask(QUESTION).refused
    assert refreshed(project)["documents"] == 1
    [citation] = bot.ask(QUESTION).citations
    assert (citation.source, "citric acid" in citation.quote) == ("docs/en/kettle.md", True)
    kettle.write_text(KETTLE.replace("citric acid", "white vinegar"))
    assert refreshed(project)["changes"] == {"new": [], **NONE, "changed": ["docs/en/kettle.md"]}
    assert "white vinegar" in bot.ask(QUESTION).answer
    kettle.unlink()
    assert refreshed(project)["removed"] == 1
    assert bot.ask(QUESTION).refused
    assert refreshed(project) == {
        "changes": {"new": [], **NONE}, "documents": 0, "removed": 0, "rejects": [], "nothing": None
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


def test_nobody_else_writes_until_a_run_has_ended(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release becomes current, its live index follows and the orders are noted before the writer lock is given back."""
    from danlu.cli import project as command

    refused = []

    def beside(work: Callable[..., Any]) -> Callable[..., Any]:
        def tried(*arguments: object) -> object:
            with pytest.raises(UserError, match="Another danlu run is writing"), only_writer(project.state):
                pass
            refused.append(work.__name__)
            return work(*arguments)

        return tried

    for name in ("follow_release", "note_rebuilt", "cut_off"):
        monkeypatch.setattr(command, name, beside(getattr(command, name)))
    assert here(project.folder, "run").returncode == 0
    assert refused == ["follow_release", "note_rebuilt", "cut_off"]


def test_where_nothing_is_kept_every_file_is_told_with_its_reason(project: Project) -> None:
    """Six that are empty, and the message of the stage names five."""
    refreshed(project)
    for number in range(6):
        (project.folder / "docs" / "en" / f"empty{number}.md").write_text("")
    said = refreshed(project)
    assert said["nothing"]
    assert [row["source"] for row in said["rejects"]] == [f"docs/en/empty{number}.md" for number in range(6)]  # type: ignore[attr-defined]


def test_a_copy_is_read_when_the_file_that_stood_for_it_goes(project: Project) -> None:
    """One copy byte for byte, known by its hash; one in another encoding, known by what the release rejected."""
    refreshed(project)
    docs = project.folder / "docs"
    override = docs / "zh" / "override.txt"
    override.unlink()
    said = refreshed(project)
    assert said["changes"] == {"new": [], **NONE, "gone": ["docs/zh/override.txt"], "again": ["docs/zh/utf8-copy.txt"]}
    assert (said["documents"], said["removed"]) == (1, 1)
    kettle = docs / "en" / "kettle.md"
    kettle.write_text(KETTLE)
    shutil.copy(kettle, docs / "en" / "kettle-copy.md")
    said = refreshed(project)
    assert (said["documents"], [row["source"] for row in said["rejects"]]) == (1, ["docs/en/kettle.md"])  # type: ignore[attr-defined]
    (docs / "en" / "kettle-copy.md").unlink()
    assert refreshed(project)["changes"]["again"] == ["docs/en/kettle.md"]  # type: ignore[index]
    bot = ReleaseBot(project)
    assert [citation.source for citation in bot.ask(QUESTION).citations] == ["docs/en/kettle.md"]
    bot.close()


def test_why_verifies_what_a_refresh_put_by_the_live_index(project: Project) -> None:
    refreshed(project)
    bot, kettle = ReleaseBot(project), project.folder / "docs" / "en" / "kettle.md"
    kettle.write_text(KETTLE)
    refreshed(project)
    first = bot.ask(QUESTION)
    chain = {link.what: link for link in why(project, first.answer_id)}
    assert {link.status for link in chain.values()} == {"verified"}
    assert chain["citation 1"].facts["refreshed"] and chain["source 1"].facts["refreshed"]
    assert len(chain["source 1"].facts["sha256"]) == 64
    assert (found := why_document(project, "docs/en/kettle.md", project.folder)[0]).status == "verified"
    assert found.facts["refreshed"]
    untouched = bot.ask("How do I keep a Debian system up to date?")
    page = project.folder / untouched.citations[0].source
    kettle.write_text(KETTLE.replace("citric acid", "white vinegar"))
    refreshed(project)
    second = bot.ask(QUESTION)
    bot.close()
    assert {link.status for link in why(project, second.answer_id)} == {"verified"}
    assert {link.status for link in why(project, untouched.answer_id)} == {"verified"}
    chain = {link.what: link for link in why(project, first.answer_id)}
    assert (chain["answer"].status, chain["answer"].facts["index_changes"]) == ("overtaken", 2)
    assert chain["citation 1"].status != "verified"
    kettle.write_text("changed after the refresh")
    assert {link.what: link.status for link in why(project, second.answer_id)}["source 1"] == "changed"
    page.write_text(page.read_text() + "more")
    chain = {link.what: link for link in why(project, untouched.answer_id)}
    assert (chain["source 1"].status, chain["citation 1"].status) == ("changed", "verified")


def test_files_that_were_forgotten_are_left_out_and_told(project: Project) -> None:
    refreshed(project)
    docs = project.folder / "docs" / "en"
    (docs / "kettle.md").write_text(KETTLE)
    refreshed(project)
    assert danlu(project.folder, "forget", "docs/en/kettle.md").returncode == 0
    shutil.copy(docs / "kettle.md", docs / "renamed.md")
    (docs / "said-again.txt").write_text(KETTLE.replace("# ", ""))
    done = danlu(project.folder, "refresh")
    assert "left out, since they were forgotten: 2 (docs/en/kettle.md, docs/en/renamed.md)" in done.stdout
    assert "docs/en/said-again.txt: forgotten, same text as a forgotten document" in done.stdout
    assert "documents put: 0" in done.stdout
    bot = ReleaseBot(project)
    assert bot.ask(QUESTION).refused
    bot.close()


@pytest.mark.parametrize("rows_left", [0, 1])
def test_rows_go_with_their_file_after_one_of_them_was_forgotten(project: Project, rows_left: int) -> None:
    """Forgetting a row makes the file count as not read, while its other rows stay in the index."""
    refreshed(project)
    table = project.folder / "docs" / "en" / "parts.jsonl"
    lines = [
        json.dumps(
            {"text": f"Part number {n}: the zircon valve {n} of the boiler opens at {n} bar and is made of brass."}
        )
        for n in range(3)
    ]
    table.write_text("\n".join(lines) + "\n")
    assert refreshed(project)["documents"] == 3
    with closing(open_live(project, current_index(project))) as live, live.reading(None) as view:
        names = [
            name for (name,) in view.rows("SELECT source FROM documents") if name.startswith("docs/en/parts.jsonl#")
        ]
    assert danlu(project.folder, "forget", sorted(names)[-1]).returncode == 0
    table.write_text(lines[0] + "\n") if rows_left else table.unlink()
    assert refreshed(project)["removed"] == 2 - rows_left
    with closing(open_live(project, current_index(project))) as live, live.reading(None) as view:
        assert len(view.rows("SELECT 1 FROM documents WHERE source LIKE 'docs/en/parts.jsonl%'")) == rows_left


def test_a_copy_in_other_bytes_that_a_refresh_rejected_is_read_when_the_kept_one_goes(project: Project) -> None:
    refreshed(project)
    docs = project.folder / "docs" / "en"
    (docs / "kettle-a.txt").write_text(KETTLE)
    (docs / "kettle-b.txt").write_bytes(KETTLE.replace("\n", "\r\n").encode())
    said = refreshed(project)
    [rejected] = [row["source"] for row in said["rejects"]]  # type: ignore[attr-defined]
    kept = {"docs/en/kettle-a.txt", "docs/en/kettle-b.txt"} - {rejected}
    assert said["documents"] == 1
    (project.folder / kept.pop()).unlink()
    assert refreshed(project)["changes"]["again"] == [rejected]  # type: ignore[index]
    bot = ReleaseBot(project)
    assert [citation.source for citation in bot.ask(QUESTION).citations] == [rejected]
    bot.close()


def test_an_answer_by_words_alone_is_not_said_to_have_changed(project: Project) -> None:
    """The store of vectors is down when it is asked, and up, here: none at all, when somebody asks why."""
    settings = project.folder / "danlu.yaml"
    before = settings.read_text()
    refreshed(project)
    settings.write_text(f"{before}vectors: http://127.0.0.1:9\n")
    bot = ReleaseBot(load_project(project.folder))
    given = bot.ask("How do I keep a Debian system up to date?")
    bot.close()
    assert given.degraded and given.citations
    for text in (before, settings.read_text()):
        settings.write_text(text)
        chain = {link.what: link.status for link in why(load_project(project.folder), given.answer_id)}
        assert (chain.pop("answer"), set(chain.values())) == ("not compared", {"verified"})
    done = danlu(project.folder, "why", given.answer_id)
    assert (done.returncode, "not compared" in done.stdout) == (0, True), done.stderr
