"""Invariant 3: same seed, inputs and package versions give the same ids and content hashes, anywhere."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import danlu, environment
from danlu.core.project import load_project
from danlu.core.store import Store
from danlu.recipes import plan_of
from documents import small_project_file, write_project, write_yaml

LIGHT = ("collect", "extract", "repair", "clean", "deduplicate", "make_questions", "train_retriever", "index")
"""Every stage but those of language models, which promise less, and to a test of their own."""

_RUN = """
import sys
from pathlib import Path
from danlu.core.execute import Machine, execute
from danlu.core.project import load_project
from danlu.core.store import Store
from danlu.recipes import plan_of

if __name__ == "__main__":
    project = load_project(Path.cwd())
    workers = int(sys.argv[1])
    execute(plan_of(project), Store(project.artifacts), Machine(threads=workers, workers=workers), until="index")
"""


def hashes(project: Path, stages: tuple[str, ...] = LIGHT) -> dict[str, tuple[str, str]]:
    made = Store(project / ".danlu" / "artifacts").all()
    return {a.manifest.stage: (a.id, a.manifest.content_hash) for a in made if a.manifest.stage in stages}


def run(project: Path, workers: int, **changed: str) -> None:
    script = project.parent / "run.py"
    script.write_text(_RUN)
    done = subprocess.run(
        [sys.executable, script, str(workers)], cwd=project, env=environment(**changed), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("workers", [1, 4])
def test_another_folder_hash_seed_and_number_of_workers_change_nothing(
    small_project: Path, tmp_path: Path, workers: int
) -> None:
    folder = write_project(tmp_path / "deep" / "another name", name="another name")
    run(folder, workers, PYTHONHASHSEED=str(workers), OMP_NUM_THREADS=str(workers), OPENBLAS_NUM_THREADS=str(workers))
    assert hashes(folder) == hashes(small_project)


def test_a_source_folder_that_moved_is_the_same_input(small_project: Path, tmp_path: Path) -> None:
    shutil.copytree(small_project / "docs", tmp_path / "far" / "docs")
    folder = tmp_path / "project"
    shutil.copytree(small_project / ".danlu", folder / ".danlu")
    sources = [{"path": str(tmp_path / "far" / "docs"), "licence": "GPL-2.0-or-later"}]
    write_yaml(folder, small_project_file() | {"sources": sources})
    done = danlu(folder, "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("already done") == len(Store(folder / ".danlu" / "artifacts").all())


def ids(folder: Path, **said: Any) -> dict[str, str]:
    facts = small_project_file()
    write_yaml(folder, facts | said)
    return {step.stage.name: id for step, id in plan_of(load_project(folder)).ids.items()}


@pytest.fixture
def folder(small_project: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_project / "docs", tmp_path / "docs")
    return tmp_path


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {stage for stage in before if before[stage] != after[stage]}


ALL = set(
    "collect extract repair clean deduplicate make_questions train_retriever index finetune prove evaluate release".split()
)


def test_what_is_no_identity_changes_no_id(folder: Path) -> None:
    before = ids(folder)
    assert ids(folder, name="renamed") == before
    assert ids(folder, sources=[{"path": str(folder / "docs"), "licence": "GPL-2.0-or-later"}]) == before
    default = small_project_file()["set"] | {"clean.rules": "manual"}  # type: ignore[operator]
    assert ids(folder, set=default) == before
    (folder / "docs" / ".hidden").write_text("x")
    (folder / "docs" / "en" / "start.md").touch()
    assert ids(folder) == before


def test_another_licence_or_seed_changes_every_id_that_follows(folder: Path) -> None:
    before = ids(folder)
    assert changed(before, ids(folder, sources=[{"path": "docs", "licence": "MIT"}])) == ALL
    assert changed(before, ids(folder, seed=1)) >= ALL


def test_a_changed_added_or_renamed_file_changes_every_id_that_follows(folder: Path) -> None:
    before = ids(folder)
    page = folder / "docs" / "en" / "start.md"
    page.rename(page.with_name("begin.md"))
    assert changed(before, ids(folder)) == ALL
    page.with_name("begin.md").rename(page)
    assert ids(folder) == before
    page.write_text(page.read_text() + " ")
    assert changed(before, ids(folder)) == ALL


def test_a_setting_changes_its_stage_and_what_follows_and_nothing_before(folder: Path) -> None:
    before = ids(folder)
    settings = small_project_file()["set"]
    after = ids(folder, set={**settings, "train_retriever.dimensions": 64})  # type: ignore[dict-item]
    assert changed(before, after) == {"train_retriever", "index", "evaluate", "release"}
    after = ids(folder, set={**settings, "clean.min_quality": 0.4})  # type: ignore[dict-item]
    assert changed(before, after) == ALL - {"collect", "extract", "repair"}


_FIT = """
import hashlib, os, sys
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(sys.argv[1])]))
import numpy as np
from danlu.core.threads import one_blas_thread
from danlu.train.retriever import RetrieverConfig, fit_lsa
rng = np.random.default_rng(0)
words = [f"w{number}" for number in range(3000)]
texts = [" ".join(rng.choice(words, 100)) for _ in range(400)]
if sys.argv[2] == "copies":
    texts = [f"{text} version {number}" for text in texts[:40] for number in range(3)]
with one_blas_thread():
    encoder = fit_lsa(texts, RetrieverConfig(), 0)
print(encoder.dimensions, hashlib.sha256(encoder.projection_VD.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("texts", ["different", "copies"])
def test_the_encoder_is_the_same_on_any_number_of_cores(texts: str) -> None:
    """Large enough for BLAS to share out; of 120 copies the rank is 42: 40 texts, and three versions less one."""
    command = [sys.executable, "-c", _FIT]
    found = {
        subprocess.run([*command, cores, texts], capture_output=True, text=True, check=True).stdout
        for cores in ("1", "1", "2", "2")
    }
    assert len(found) == 1
    assert int(found.pop().split()[0]) == (128 if texts == "different" else 42)
