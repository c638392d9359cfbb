"""Reads one file outside a stage, for tests: what a container holds, and what of it is refused."""

from pathlib import Path
from typing import Any

from danlu.core.project import Source
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.outcomes import Edits, Outcome
from danlu.data.extract.shards import Job
from danlu.data.extract.stage import read_job
from danlu.data.lock import lock_sources
from danlu.text.records import Document, Reject


def _read(folder: Path, name: str, content: bytes, said: dict[str, Any]) -> list[Outcome]:
    path = folder / name
    path.write_bytes(content)
    [file] = lock_sources([Source(path, "MIT")]).files
    return list(read_job(Job(file, ""), ExtractConfig(**said), folder))


def read_with_edits(folder: Path, name: str, content: bytes, **said: Any) -> list[tuple[Document, Edits]]:
    """Documents of a file, each with what reading it changed."""
    return [outcome for outcome in _read(folder, name, content, said) if not isinstance(outcome, Reject)]


def outcomes_of(folder: Path, name: str, content: bytes, **said: Any) -> tuple[list[Document], list[Reject]]:
    """Documents and rejects of a file with this name and content."""
    found = _read(folder, name, content, said)
    documents = [outcome[0] for outcome in found if not isinstance(outcome, Reject)]
    return documents, [outcome for outcome in found if isinstance(outcome, Reject)]


def texts_of(documents: list[Document]) -> dict[str, str]:
    """Texts by source."""
    return {document.source: document.text for document in documents}


def rules_of(rejects: list[Reject]) -> dict[str, str]:
    """Rules by source."""
    return {reject.source: reject.rule for reject in rejects}
