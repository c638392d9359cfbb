"""Copies of the small project, to be changed at will."""

import shutil
from pathlib import Path

from danlu.answer.state import State
from danlu.core.forgotten import Forgotten, ForgottenDocument
from danlu.core.project import Project, load_project
from danlu.core.store import Store
from danlu.text.tables import stream_rows

STAFF = frozenset({"staff"})
FOR_STAFF = "docs/zh/"
"""What only staff may see in a project with access."""


def with_access(small_project: Path, folder: Path) -> Project:
    """A copy of the small project in which its Chinese documents are for staff alone."""
    shutil.copytree(small_project, folder)
    with (folder / "danlu.yaml").open("a", encoding="utf-8") as file:
        file.write(f"access:\n  '{FOR_STAFF}*': [staff]\n")
    return load_project(folder)


def list_forgotten(project: Project, source: str) -> None:
    """Put a document on the list of forgotten ones, and nothing else: the index still holds it."""
    entry = ForgottenDocument(1, "2026-01-01T00:00:00+00:00", source, source, "", (), ())
    Forgotten((entry,)).write(State.of(project).folder)


def extracted(project: Project) -> dict[str, str]:
    """The extracted text of every document by its source, read from the artifact."""
    [corpus] = [artifact for artifact in Store(project.artifacts).all() if artifact.manifest.stage == "extract"]
    return {row["source"]: row["text"] for row in stream_rows(corpus.path / "documents")}
