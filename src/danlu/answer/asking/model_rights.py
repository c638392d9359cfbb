"""Whom a model may answer: those who may see every document that it learnt from, since it may say what it learnt to anyone who asks.

Documents that only some may see are followed into the weights as `danlu forget` follows them (danlu.answer.uses.tainted). The lines of
danlu.yaml count as they are now: a model is closed to somebody at the next request after a line was tightened.
"""

import threading
from collections.abc import Mapping

from danlu.answer.index.access import principals_of, stamp_of
from danlu.answer.uses.catalogue import names_in
from danlu.answer.uses.lineage import line_of
from danlu.answer.uses.sought import Sought
from danlu.answer.uses.tainted import uses
from danlu.answer.uses.use import LEARNT
from danlu.core.artifacts import Artifact, Checkpoint, Release
from danlu.core.project import Project, load_project
from danlu.core.store import Store
from danlu.retrieve.tables.schema import EVERYONE

_Needs = dict[str, tuple[frozenset[str], ...]]
_NOBODY: tuple[frozenset[str], ...] = (frozenset(),)
"""Of a model that is no artifact any more, while a server still has it loaded: nobody can say what it learnt."""


class ModelRights:
    """The rights that the models of a release ask for. Threads share it."""

    def __init__(self, project: Project, release: Release) -> None:
        self._project, self._release = project, release
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._access: Mapping[str, frozenset[str]] = {}
        self._needs: _Needs = {}
        self._there: set[str] = set()

    def needs(self, checkpoint: str) -> tuple[frozenset[str], ...]:
        """Groups of principals: who is answered is one of each. Empty where the model learnt only what everyone may see.

        Reads the rows of all that the release was made from after every change of the access lines: some seconds for a million documents.
        Raises UserError when danlu.yaml cannot be read.
        """
        with self._lock:
            stamp = stamp_of(self._project)
            if stamp != self._stamp:
                access = load_project(self._project.folder).access
                if access != self._access:
                    line = line_of(Store(self._project.artifacts), self._release) if access else []
                    self._there = {artifact.id for artifact in line}
                    self._needs, self._access = _needs(line, access), access
                self._stamp = stamp
            if self._access and checkpoint not in self._there:
                return _NOBODY
            return self._needs.get(checkpoint, ())

    def may_use(self, checkpoint: str, principals: frozenset[str]) -> bool:
        """Whether the model may answer somebody who is these principals."""
        return all(group & principals for group in self.needs(checkpoint))


def _needs(line: list[Artifact], access: Mapping[str, frozenset[str]]) -> _Needs:
    found: dict[str, list[frozenset[str]]] = {}
    for group, documents in _restricted(line, access).items():
        learnt = {use.artifact.id for use in uses(line, documents) if LEARNT in use.how}
        for artifact in line:
            if isinstance(artifact, Checkpoint) and (artifact.id in learnt or _is_unknown(artifact, line)):
                found.setdefault(artifact.id, []).append(group)
    return {id: tuple(groups) for id, groups in found.items()}


def _restricted(line: list[Artifact], access: Mapping[str, frozenset[str]]) -> dict[frozenset[str], Sought]:
    """The documents that not everyone may see, by those who may."""
    named: dict[frozenset[str], dict[str, str]] = {}
    for artifact in line:
        for source, doc_id in names_in(artifact):
            group = principals_of(source, access)
            if EVERYONE not in group:
                named.setdefault(group, {})[source] = doc_id
    return {group: Sought(frozenset(ids), frozenset(ids.values())) for group, ids in named.items()}


def _is_unknown(model: Checkpoint, line: list[Artifact]) -> bool:
    """Whether something that a model was made from is gone: then nobody can say what it learnt."""
    there = {artifact.id for artifact in line}
    return any(not id.startswith("sha256:") and id not in there for id in model.manifest.parents.values())
