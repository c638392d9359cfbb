import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from answer_projects import FOR_STAFF, STAFF, extracted, list_forgotten, with_access
from commands import DANLU, environment, here
from danlu.answer.index.live import open_live
from danlu.answer.programs.export import export_artifact, export_project
from danlu.answer.state import State
from danlu.core.artifacts import Index
from danlu.core.errors import UserError, WorkFailed
from danlu.core.forgotten import Forgotten
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.model.encoder import load_encoder
from danlu.retrieve.export import faiss_export
from danlu.retrieve.export.export_folder import put_whole

faiss = pytest.importorskip("faiss")

CHINESE = "怎样修改引导加载程序？"
QUESTIONS = ("How does a Debian system boot?", CHINESE, "apt-get upgrade", "/etc/inittab")
DOCS = Path(__file__).parents[2] / "docs" / "answers"


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_access(small_project, tmp_path_factory.mktemp("export") / "project")


def index_of(project: Project) -> Index:
    [found] = [artifact for artifact in Store(project.artifacts).all() if isinstance(artifact, Index)]
    return found


def rows(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "passages.jsonl").open(encoding="utf-8")]


@pytest.mark.parametrize("principals", [frozenset(), STAFF])
def test_faiss_finds_what_danlus_own_dense_leg_finds(
    project: Project, tmp_path: Path, principals: frozenset[str]
) -> None:
    exported = export_project(project, principals, tmp_path / "out")
    index, encoder = faiss.read_index(str(tmp_path / "out" / "index.faiss")), load_encoder(tmp_path / "out" / "encoder")
    assert (type(index).__name__, index.metric_type) == ("IndexFlatIP", faiss.METRIC_INNER_PRODUCT)
    assert index.ntotal == exported.passages == len(rows(tmp_path / "out"))
    with closing(open_live(project, index_of(project))) as live, live.reading(principals) as view:
        visible = view.visible()
        for question in QUESTIONS:
            scores, found = index.search(encoder.encode_questions([question]), 10)
            own = view.leg("dense", question, 10)
            assert len(own) >= 5 or (question == CHINESE and not principals)
            assert [visible[row] for row in found[0]][: len(own)] == list(own)
            # danlu's own scores are less the average passage's, which is one number for a question
            shifts = scores[0][: len(own)] - np.array(list(own.values()))
            assert not own or np.allclose(shifts, shifts[0], atol=1e-5)


def test_every_passage_is_verbatim_in_its_source_and_the_manifest_fits_the_files(
    project: Project, tmp_path: Path
) -> None:
    out, texts = tmp_path / "out", extracted(project)
    export_project(project, STAFF, out)
    for number, row in enumerate(rows(out)):
        assert row["quote"] == texts[row["source"]][row["start"] : row["end"]]
        assert row["id"] == number and row["licence"] == "GPL-2.0-or-later"
        assert list(row) == ["id", "text", "headings", "source", "page", "start", "end", "quote", "doc_id", "licence"]
    said = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    found = {path.relative_to(out).as_posix(): hash_file(path) for path in out.rglob("*") if path.is_file()}
    assert found.pop("manifest.json") and said["files"] == found
    assert said["counts"] == {"passages": len(rows(out)), "documents": len({row["source"] for row in rows(out)})}
    assert (said["licences"], said["encoder"]["kind"]) == (["GPL-2.0-or-later"], "lsa")
    assert said["origin"]["index"] == index_of(project).id and said["origin"]["principals"] == ["staff"]


def test_only_what_everyone_may_see_goes_out_unless_somebody_is_named(project: Project, tmp_path: Path) -> None:
    done = here(project.folder, "export", str(tmp_path / "all"))
    assert done.returncode == 0, done.stderr
    staff = here(project.folder, "export", str(tmp_path / "staff"), "--as", "staff", "--json")
    assert json.loads(staff.stdout) == json.loads((tmp_path / "staff" / "manifest.json").read_text(encoding="utf-8"))
    public, whole = rows(tmp_path / "all"), rows(tmp_path / "staff")
    assert not [row for row in public if str(row["source"]).startswith(FOR_STAFF)]
    assert [row for row in whole if str(row["source"]).startswith(FOR_STAFF)]
    assert f"left out: {len(whole) - len(public)} passages" in done.stdout


def test_a_document_on_the_list_does_not_leave_though_the_index_holds_it(small_project: Path, tmp_path: Path) -> None:
    project = with_access(small_project, tmp_path / "project")
    list_forgotten(project, "docs/en/boot.docx")
    exported = export_project(project, frozenset(), tmp_path / "out")
    assert "docs/en/boot.docx" not in {row["source"] for row in rows(tmp_path / "out")}
    assert exported.left_out > 0


def test_what_is_forgotten_meanwhile_stops_the_export_and_nothing_stays(project: Project, tmp_path: Path) -> None:
    index, looks = index_of(project), iter([False] * 8)
    with (
        closing(open_live(project, index)) as live,
        live.reading(frozenset()) as view,
        pytest.raises(WorkFailed, match="was forgotten while"),
    ):
        # Every document is looked at when it is read, and again at the end: from the ninth look on all are forgotten.
        faiss_export.export_faiss(view, index.encoder, tmp_path / "out", {}, lambda source, id: next(looks, True))
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_may_be_seen_nothing_is_written(small_project: Path, tmp_path: Path) -> None:
    project = with_access(small_project, tmp_path / "project")
    text = (project.folder / "danlu.yaml").read_text(encoding="utf-8").replace(f"{FOR_STAFF}*", "*")
    (project.folder / "danlu.yaml").write_text(text, encoding="utf-8")
    refused = here(project.folder, "export", str(tmp_path / "out"))
    assert refused.returncode == 1 and "no passage that may be exported" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_an_earlier_export_is_replaced_and_anything_else_is_not(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_project(project, STAFF, out)
    smaller = export_project(project, frozenset(), out)
    assert len(rows(out)) == smaller.passages
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    refused = here(project.folder, "export", str(out))
    assert refused.returncode == 2 and "holds something else" in refused.stderr
    assert (out / "mine.txt").read_text(encoding="utf-8") == "mine" and len(rows(out)) == smaller.passages
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert here(project.folder, "export", str(tmp_path / "file")).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out"]


def test_an_index_folder_is_exported_whole_and_one_of_a_project_is_not(project: Project, tmp_path: Path) -> None:
    index = index_of(project)
    alone = Path(shutil.copytree(index.path, tmp_path / "index"))
    exported = export_artifact(alone, tmp_path / "out")
    assert (exported.left_out, exported.passages) == (0, index.manifest.counts["passages"])
    with pytest.raises(UserError, match="belongs to the project") as caught:
        export_artifact(index.path, tmp_path / "other")
    assert "leave --index out" in caught.value.hint
    both = here(tmp_path, "export", "other", "--index", "index", "--as", "staff")
    assert both.returncode == 2 and "do not go together" in both.stderr
    (alone / "encoder" / "encoder.json").write_text("{}", encoding="utf-8")
    damaged = here(tmp_path, "export", "other", "--index", "index")
    assert damaged.returncode == 2 and "not as it was made" in damaged.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(("blocks", "file"), [(4, "passages.jsonl"), (120, "encoder")])
def test_a_full_disk_is_told_and_leaves_nothing(project: Project, tmp_path: Path, blocks: int, file: str) -> None:
    """A limit on the size of files, in blocks of 1024, stands in for the disk: the passages take 80, the encoder 400."""
    index = Path(shutil.copytree(index_of(project).path, tmp_path / "index"))
    command = f'ulimit -f {blocks}; exec "$0" export out --index index'
    done = subprocess.run(
        ["bash", "-c", command, str(DANLU)],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
    assert file in done.stderr or file == "passages.jsonl"
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == [index]


def test_an_index_that_faiss_cannot_write_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match="cannot be written") as caught:
        faiss_export._write_index(faiss, faiss.IndexFlatIP(4), tmp_path / "gone" / "index.faiss")
    assert "index.faiss" in caught.value.message and "\n" not in caught.value.message


def test_without_the_package_the_command_that_brings_it_is_said(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    refused = here(project.folder, "export", str(tmp_path / "out"))
    assert refused.returncode == 2 and "pip install 'danlu[faiss]'" in refused.stderr


@pytest.mark.parametrize("page", ["interoperate.md", "interoperate.zh.md"])
def test_the_readers_example_of_the_docs_runs(project: Project, tmp_path: Path, page: str) -> None:
    export_project(project, frozenset(), tmp_path / "manuals")
    text = (DOCS / page).read_text(encoding="utf-8")
    [example] = [block for block in text.split("```") if block.startswith("python\nimport json")]
    code = example.removeprefix("python\n")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3 and "docs/en/" in done.stdout
    assert not Forgotten.of(State.of(project).folder).documents


def test_what_a_kill_left_of_an_export_is_put_right_by_the_next(tmp_path: Path) -> None:
    """Between its two renames: no export lies there, the earlier one has another name, and a half one holds passages."""
    out = tmp_path / "out"
    with put_whole(out, "test") as folder:
        (folder / "manifest.json").write_text(json.dumps({"format": "test", "files": []}))
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)  # fmt: skip
    dead, alive = int(child.stdout), os.getppid()
    out.rename(tmp_path / f".out.danlu-{dead}.old")
    for name in (f".out.danlu-{dead}.half", f".out.danlu-{alive}.half", "out.7.old", ".outer.danlu-7.half"):
        (tmp_path / name).mkdir()
    with pytest.raises(RuntimeError), put_whole(out, "test"):
        raise RuntimeError
    left = {f".out.danlu-{alive}.half", "out.7.old", ".outer.danlu-7.half"}
    assert {path.name for path in tmp_path.iterdir()} == {"out", *left}
    with put_whole(out, "test") as folder:
        (folder / "manifest.json").write_text(json.dumps({"format": "test", "files": ["new"]}))
    assert json.loads((out / "manifest.json").read_text())["files"] == ["new"]
    assert {path.name for path in tmp_path.iterdir()} == {"out", *left}
