"""Invariant 1: kept + rejected = input, for every data stage, and every lost document is named once."""

from pathlib import Path

import pytest

from danlu.core.artifacts import Artifact
from danlu.core.project import load_project
from danlu.core.store import Store
from danlu.data.lock import lock_sources
from danlu.text.tables import read_rows
from documents import REJECTED

TABLES = {"collect": "files.parquet"} | dict.fromkeys(("extract", "repair", "clean", "deduplicate"), "documents")


@pytest.fixture(scope="module")
def stages(small_project: Path) -> dict[str, Artifact]:
    return {artifact.manifest.stage: artifact for artifact in Store(load_project(small_project).artifacts).all()}


def sources(artifact: Artifact, table: str) -> list[str]:
    return [row["source"] for row in read_rows(artifact.path / table, ["source"])]


@pytest.mark.parametrize("stage", TABLES)
def test_counts_add_up_and_are_those_of_the_tables(stages: dict[str, Artifact], stage: str) -> None:
    counts = stages[stage].manifest.counts
    kept, rejected = sources(stages[stage], TABLES[stage]), sources(stages[stage], "rejects")
    assert (len(kept), len(rejected)) == (counts["kept"], counts["rejected"])
    assert counts["kept"] + counts["rejected"] == counts["input"]
    assert counts["rejected"] == sum(count for name, count in counts.items() if name.startswith("rejected: "))


def test_what_a_stage_keeps_is_what_the_next_one_is_given(stages: dict[str, Artifact], small_project: Path) -> None:
    given = sorted(file.source for file in lock_sources(load_project(small_project).sources).files)
    for stage, table in TABLES.items():
        kept, rejected = sources(stages[stage], table), sources(stages[stage], "rejects")
        assert sorted(kept + rejected) == given
        given = sorted(kept)


def test_each_lost_document_is_named_once_with_stage_rule_and_measure(stages: dict[str, Artifact]) -> None:
    found = [(stage, row) for stage in TABLES for row in read_rows(stages[stage].path / "rejects")]
    assert {row["source"]: (stage, row["rule"]) for stage, row in found} == {
        f"docs/{name}": place for name, place in REJECTED.items()
    }
    assert len(found) == len(REJECTED)
    assert all(row["value"] and row["doc_id"] for _, row in found)


def test_every_kept_document_is_in_the_index(stages: dict[str, Artifact]) -> None:
    assert stages["index"].manifest.counts["documents"] == stages["deduplicate"].manifest.counts["kept"]


def test_every_edit_belongs_to_a_kept_document(stages: dict[str, Artifact]) -> None:
    for stage in ("extract", "repair"):
        kept = {row["doc_id"] for row in read_rows(stages[stage].path / "documents", ["doc_id"])}
        edits = read_rows(stages[stage].path / "edits")
        assert edits
        assert {row["doc_id"] for row in edits} <= kept
        assert all(row["count"] > 0 for row in edits)
