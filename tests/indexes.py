"""Builds a real index from a few documents, by the plan of `danlu index`."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.artifacts import Chats, Corpus, Index
from danlu.core.execute import Machine, execute
from danlu.core.project import Source
from danlu.core.store import Store
from danlu.recipes.settings import Settings
from danlu.recipes.single import index_plan

_FOLDERS = tempfile.TemporaryDirectory(prefix="danlu-test-index-")


@dataclass(frozen=True)
class Indexed:
    """An index and what it was made of."""

    extraction: Corpus
    chats: Chats
    index: Index


def indexed(documents: Mapping[str, bytes], settings: Mapping[str, Any] | None = None) -> Indexed:
    """The index of documents by file name; their sources are `docs/NAME`."""
    folder = Path(tempfile.mkdtemp(dir=_FOLDERS.name))
    (folder / "docs").mkdir()
    for name, content in documents.items():
        (folder / "docs" / name).write_bytes(content)
    store = Store(folder / "artifacts")
    execute(
        index_plan([Source(folder / "docs", "MIT")], Settings(dict(settings or {}))),
        store,
        Machine(threads=1, workers=1),
    )
    made = {artifact.manifest.stage: artifact for artifact in store.all()}
    extraction, chats, index = made["extract"], made["make_questions"], made["index"]
    assert isinstance(extraction, Corpus)
    assert isinstance(chats, Chats)
    assert isinstance(index, Index)
    return Indexed(extraction, chats, index)
