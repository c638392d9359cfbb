"""Every place that still holds a document after it was forgotten: found by the rows of artifacts, and by looking for its sentences.

The second does not trust the first: it reads every file that danlu keeps (Parquet unpacked, databases table by table), interrupted work
and leftovers among them. What lies outside of the project is looked into where it is danlu's own cache, and named where it cannot be seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.answer.forgetting.traces import holders, probes, size_of
from danlu.answer.uses.catalogue import NamedDocument
from danlu.answer.uses.sought import Sought, any_of
from danlu.answer.uses.use import HOLDS, Use
from danlu.core.artifacts import Corpus, Files
from danlu.core.errors import DanluError
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import printable, source_paths
from danlu.text.tables import stream_rows

Place = dict[str, str]


@dataclass(frozen=True)
class Elsewhere:
    """What lies outside of the project's folder."""

    caches: Sequence[Path] = ()
    """Folders that are danlu's in the user's cache."""
    jobs: Sequence[str] = ()
    """Jobs on other machines that were sent this project, for people: id and machine."""
    remote: str = ""
    """The address of the team's remote; empty when there is none."""
    in_remote: Callable[[], Sequence[str]] = tuple
    """Ids of the artifacts there; raises DanluError when it cannot be asked."""


def places_of(
    project: Project,
    documents: Sequence[NamedDocument],
    texts: Sequence[str],
    uses: Sequence[Use],
    elsewhere: Elsewhere,
) -> list[Place]:
    """The places, each with what it is: file of the sources, artifact, file, cache, job, remote."""
    sought = any_of(document.sought for document in documents)
    found = [*_sources(project, documents), *_artifacts(uses)]
    caches = [path for path in elsewhere.caches if path.exists()]
    told = probes(texts, _other_texts(Store(project.artifacts), sought), size_of([project.state, *caches]))
    known = {use.artifact.path for use in uses if HOLDS in use.how}
    for path in holders([project.state], told):
        if not any(path.is_relative_to(folder) for folder in known):
            found.append(_place("file", printable(path.relative_to(project.folder).as_posix()), "holds its text"))
    for path in holders(caches, told):
        found.append(_place("cache", printable(str(path)), "holds its text"))
    if not texts:
        found.append(_place("file", project.state.name, "not searched: nothing here knows its text any more"))
    elif not told:
        found.append(
            _place("file", project.state.name, "not searched: every sentence of it stands in another document too")
        )
    return [*found, *_outside(elsewhere, uses)]


def _place(place: str, name: str, why: str) -> Place:
    return {"place": place, "name": name, "why": why}


def _sources(project: Project, documents: Sequence[NamedDocument]) -> Iterator[Place]:
    """The user's own files, copies by content among them."""
    contents = {document.sha256 for document in documents if document.sha256 and document.source == document.file}
    named = {document.file for document in documents}
    paths = source_paths(project.sources)
    copies = {row["source"] for row in _collected(project) if row["sha256"] in contents}
    for name in sorted((named | copies) & paths.keys()):
        yield _place("source", printable(str(paths[name])), "your own file: danlu does not delete it")


def _collected(project: Project) -> Iterator[dict[str, Any]]:
    for artifact in Store(project.artifacts).all():
        if isinstance(artifact, Files):
            yield from stream_rows(artifact.table, ["source", "sha256"])


def _artifacts(uses: Sequence[Use]) -> Iterator[Place]:
    for use in uses:
        if HOLDS in use.how:
            name = f"{use.artifact.manifest.stage}/{use.artifact.id}"
            yield _place("artifact", name, "holds its text")


def _other_texts(store: Store, sought: Sought) -> Iterator[str]:
    for artifact in store.all():
        if isinstance(artifact, Corpus) and artifact.manifest.stage == "extract":
            for row in stream_rows(artifact.documents, ["doc_id", "source", "text"]):
                if not sought.is_in(row):
                    yield row["text"]


def _outside(elsewhere: Elsewhere, uses: Sequence[Use]) -> Iterator[Place]:
    for job in elsewhere.jobs:
        yield _place("job", job, "was sent this project: not looked into")
    if not elsewhere.remote:
        return
    tainted = {use.artifact.id: use.artifact.manifest.stage for use in uses if use.is_tainted}
    try:
        there = [id for id in elsewhere.in_remote() if id in tainted]
    except DanluError:
        yield _place("remote", elsewhere.remote, "could not be asked: it may hold what was pushed")
        return
    for id in there:
        yield _place("remote", f"{elsewhere.remote} {tainted[id]}/{id}", "was pushed there")
