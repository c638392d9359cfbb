"""Runs one stage's body outside a plan, for tests."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from danlu.core.artifacts import Artifact, Manifest
from danlu.core.progress import Silent
from danlu.core.stages import Facts, Work
from danlu.core.store import begin, commit

A = TypeVar("A", bound=Artifact)
_FOLDERS = tempfile.TemporaryDirectory(prefix="danlu-test-")


def ran(kind: type[A], body: Callable[[Any], Facts], *, work: bool = False, workers: int = 2, seed: int = 0) -> A:
    """The artifact that `body` makes. It is given a folder, or the whole `Work` if `work` is set."""
    folder = Path(tempfile.mkdtemp(dir=_FOLDERS.name)) / "artifact"
    given = Work(folder, begin(folder, resumable=False), seed, 1, workers, Silent())
    facts = body(given if work else folder)
    facts_only = Manifest(
        "", kind.__name__, "test", 1, {}, seed, {}, {}, "", dict(facts.counts), facts.licences, facts.note
    )
    manifest = replace(facts_only, id=facts_only.identity())
    return kind(folder, commit(folder, manifest, {}))
