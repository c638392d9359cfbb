import subprocess
import sys
from pathlib import Path

import pytest

from danlu.core.artifacts import MANIFEST, Corpus, Manifest, Report, identify
from danlu.core.errors import UserError, WorkFailed
from danlu.core.store import SCRATCH, Beside, Store, begin, commit, only_writer, open_artifact, write_atomically


def manifest(id: str = identify("measure", 1, {}, {}, 0, {}), **counts: int) -> Manifest:
    return Manifest(id, "Report", "measure", 1, {}, 0, {}, {}, "", counts)


def made(folder: Path, text: str = "{}", **facts: str) -> Manifest:
    begin(folder, resumable=False)
    (folder / "report.json").write_text(text)
    return commit(folder, manifest(**facts), {"wall_s": 1.0})


def test_a_folder_is_an_artifact_once_its_manifest_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "measure" / "ab12cd34ab12cd34"
    begin(folder, resumable=False)
    with pytest.raises(UserError, match="no manifest"):
        open_artifact(folder)
    made(folder)
    artifact = open_artifact(folder, Report)
    assert artifact.content_is_intact()
    assert {path.name for path in folder.iterdir()} == {"manifest.json", "run.json", "report.json"}


def test_content_hash_covers_content_and_not_what_the_run_cost(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a"), made(tmp_path / "b")
    assert first.content_hash == second.content_hash
    (tmp_path / "a" / "run.json").write_text("{}")
    assert open_artifact(tmp_path / "a").content_is_intact()
    (tmp_path / "a" / "report.json").write_text("{} ")
    assert not open_artifact(tmp_path / "a").content_is_intact()
    assert made(tmp_path / "c", text="[]").content_hash != first.content_hash


@pytest.mark.parametrize(("was", "is_now"), [('"seed": 0', '"seed": 1'), ('"parents": {}', '"parents": {"a": "b"}')])
def test_a_manifest_whose_facts_do_not_give_its_id_is_not_intact(tmp_path: Path, was: str, is_now: str) -> None:
    made(tmp_path / "a")
    path = tmp_path / "a" / MANIFEST
    path.write_text(path.read_text().replace(was, is_now))
    assert not open_artifact(tmp_path / "a").content_is_intact()


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    made(tmp_path / "a")
    for damaged in ("{", "{}", "[]", '{"licences": [], "kind": "None"}'):
        (tmp_path / "a" / MANIFEST).write_text(damaged)
        with pytest.raises(UserError, match="damaged"):
            open_artifact(tmp_path / "a")


def test_an_added_file_changes_an_artifact(tmp_path: Path) -> None:
    made(tmp_path / "a")
    (tmp_path / "a" / "more.txt").write_text("more")
    assert not open_artifact(tmp_path / "a").content_is_intact()


def test_what_a_killed_run_left_beside_its_scratch_does_not_enter_the_artifact(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    scratch = begin(folder, resumable=True)
    (scratch / "piece").write_text("finished")
    (folder / "half.parquet").write_text("PAR")
    (folder / f"{MANIFEST}.half").write_text("{")
    (folder / "encoder").mkdir()
    assert begin(folder, resumable=True) == scratch
    assert [path.name for path in folder.iterdir()] == [SCRATCH]
    assert (scratch / "piece").read_text() == "finished"


def test_a_stage_that_cannot_resume_starts_from_an_empty_folder(tmp_path: Path) -> None:
    (begin(tmp_path / "a", resumable=False) / "piece").write_text("half")
    assert not (begin(tmp_path / "a", resumable=False) / "piece").exists()


def test_lost_documents_are_refused_at_commit(tmp_path: Path) -> None:
    begin(tmp_path / "a", resumable=False)
    with pytest.raises(WorkFailed, match=r"1 kept \+ 1 rejected is not 3"):
        commit(tmp_path / "a", manifest(input=3, kept=1, rejected=1), {})
    assert not (tmp_path / "a" / MANIFEST).exists()


def test_write_replaces_a_file_whole_and_leaves_no_half(tmp_path: Path) -> None:
    write_atomically(tmp_path / "facts", "old")
    write_atomically(tmp_path / "facts", "new 新")
    assert (tmp_path / "facts").read_text(encoding="utf-8") == "new 新"
    assert len(list(tmp_path.iterdir())) == 1


def test_find_takes_the_start_of_an_id_and_says_when_it_is_none_or_several(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for id in ("ab00000000000000", "ab11111111111111"):
        made(tmp_path / "measure" / id, id=id)
    assert store.find("ab0").id == "ab00000000000000"
    with pytest.raises(UserError, match="Several artifacts"):
        store.find("ab")
    for unknown in ("cd", "", "*", "**", "[", "../measure", "measure/ab0"):
        with pytest.raises(UserError, match="No artifact has"):
            store.find(unknown)
    assert [artifact.id for artifact in store.all()] == ["ab00000000000000", "ab11111111111111"]


def test_sweep_deletes_interrupted_work_that_no_plan_resumes(tmp_path: Path) -> None:
    made(tmp_path / "measure" / "done")
    for name in ("stale", "resumed"):
        begin(tmp_path / "measure" / name, resumable=True)
    Store(tmp_path).sweep(keep=[tmp_path / "measure" / "resumed"])
    assert sorted(path.name for path in (tmp_path / "measure").iterdir()) == ["done", "resumed"]


def test_an_artifact_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    made(tmp_path / "a")
    with pytest.raises(UserError, match="holds a Report, and a Corpus is needed"):
        open_artifact(tmp_path / "a", Corpus)


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom danlu.core.store import only_writer\n"
        "with only_writer(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout and other.stdout.readline() == "held\n"
    with pytest.raises(UserError, match="Another danlu run"), only_writer(tmp_path):
        pass
    other.kill()
    other.communicate()
    with only_writer(tmp_path):
        pass


def test_an_output_folder_with_unfinished_work_is_taken_again_once_the_input_was_corrected(tmp_path: Path) -> None:
    out, target = tmp_path / "out", object()
    begin(out, resumable=True, id="of the wrong input")
    (out / SCRATCH / "checkpoint").touch()
    Beside(out, target, "of the right input", tmp_path / "scratch").sweep([])  # type: ignore[arg-type]
    begin(out, resumable=True, id="of the right input")
    assert not (out / SCRATCH / "checkpoint").exists()
    (out / "report.json").touch()
    (out / SCRATCH / "artifact-id").unlink()
    with pytest.raises(UserError, match="holds something else already"):
        Beside(out, target, "of the right input", tmp_path / "scratch").sweep([])  # type: ignore[arg-type]
