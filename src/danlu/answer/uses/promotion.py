"""What keeps a release from being served: that it used a document which was forgotten."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from danlu.answer.uses.lineage import line_of
from danlu.answer.uses.sought import any_of, sought_by
from danlu.answer.uses.tainted import uses
from danlu.answer.uses.use import LEARNT, Use
from danlu.core.artifacts import Artifact, Checkpoint, Corpus, Release
from danlu.core.errors import WorkFailed
from danlu.core.forgotten import Forgotten, ForgottenWatch
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.text.tables import stream_rows

_NAMED = 5


def check_untainted(state: Path, release: Release) -> None:
    """Raise WorkFailed when a release used what the project was ordered to forget, or holds the same text under another name.

    Reads the names of all documents of all that the release was made from: some seconds for a million.
    """
    forgotten = Forgotten.of(state)
    if not forgotten.documents:
        return
    line = line_of(_store_of(release), release)
    if tainting(line, forgotten):
        raise WorkFailed(
            "The release {id} is not made current: it used documents that were forgotten ({names})",
            "`danlu run` makes one without them; `danlu forget --list` shows the orders.",
            id=release.id,
            names=_named(tainting_names(line, forgotten)),
        )
    if returned := list(returned_in(line, forgotten)):
        raise WorkFailed(
            "The release {id} is not made current: {names} holds the text of a forgotten document",
            "`danlu forget` it too, under this name, or `danlu forget --lift` the earlier order.",
            id=release.id,
            names=_named(name for name, _ in returned),
        )


def check_may_leave(project: Project, artifacts: Sequence[Artifact]) -> None:
    """Raise WorkFailed when one of the artifacts used what the project was ordered to forget: it is not sent to others."""
    forgotten = Forgotten.of(project.state / "state")
    if not forgotten.documents:
        return
    everything = {one.id: one for one in (*Store(project.artifacts).all(), *artifacts)}
    tainted = {use.artifact.id for use in tainting(everything.values(), forgotten)}
    for artifact in artifacts:
        if artifact.id in tainted:
            raise WorkFailed(
                "{stage} {id} is not sent: it used a document that was forgotten",
                "`danlu forget --rebuild --purge` makes what did not, and deletes what did. `danlu forget --list` shows the orders.",
                stage=artifact.manifest.stage,
                id=artifact.id,
            )


def tainting(line: Iterable[Artifact], forgotten: Forgotten) -> list[Use]:
    """What in a release's line has more of the forgotten documents than their names."""
    sought = any_of(map(sought_by, forgotten.documents))
    return [use for use in uses(line, sought) if use.is_tainted] if forgotten.documents else []


def tainting_names(line: Iterable[Artifact], forgotten: Forgotten) -> list[str]:
    """Which of the forgotten documents a release's line has more of than their names."""
    artifacts = list(line)
    each = [(entry.source, sought_by(entry)) for entry in forgotten.documents]
    return [name for name, document in each if any(use.is_tainted for use in uses(artifacts, document))]


def models_that_learnt(project: Project, release: Release) -> dict[str, list[str]]:
    """Checkpoints of a release's line that learnt from forgotten documents, by id, with the documents' names."""
    forgotten = Forgotten.of(project.state / "state")
    line = line_of(Store(project.artifacts), release) if forgotten.documents else []
    found: dict[str, list[str]] = {}
    for entry in forgotten.documents if tainting(line, forgotten) else ():
        for use in uses(line, sought_by(entry)):
            if isinstance(use.artifact, Checkpoint) and LEARNT in use.how:
                found.setdefault(use.artifact.id, []).append(entry.source)
    return found


class ModelWatch:
    """Which models of a release may not be served, as the orders stand now: looked up anew when the list was replaced.

    A model that is no artifact any more may not either: a purge deletes those that learnt, and what would tell from which documents.
    """

    def __init__(self, project: Project, release: Release) -> None:
        self._project, self._release = project, release
        self._watch = ForgottenWatch(project.state / "state")
        self._seen: Forgotten | None = None
        self._learnt: dict[str, list[str]] = {}
        self._there: set[str] = set()
        self._lock = threading.Lock()

    def learnt(self, checkpoint: str) -> list[str]:
        """Names of the forgotten documents that a checkpoint learnt from; none when it may be served."""
        with self._lock:
            now = self._watch.now()
            if now is not self._seen:
                # What was found once stays: a purge takes away what would tell it, and an order that is lifted waits for a restart.
                self._learnt, self._seen = models_that_learnt(self._project, self._release) | self._learnt, now
                if now.documents:
                    line = line_of(Store(self._project.artifacts), self._release)
                    self._there = {artifact.id for artifact in line}
            if now.documents and checkpoint not in self._there:
                return self._learnt.get(checkpoint) or [one.source for one in now.documents]
            return self._learnt.get(checkpoint, [])


def returned_in(line: Iterable[Artifact], forgotten: Forgotten) -> Iterable[tuple[str, int]]:
    """Documents of a release's extraction that hold a forgotten text under another name, with the number of the order."""
    for artifact in line:
        if isinstance(artifact, Corpus) and artifact.manifest.stage == "extract":
            for row in stream_rows(artifact.documents, ["source", "text"]):
                if entry := forgotten.with_text(row["text"]):
                    yield row["source"], entry.record


def _store_of(release: Release) -> Store:
    return Store(release.path.parent.parent)


def _named(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
