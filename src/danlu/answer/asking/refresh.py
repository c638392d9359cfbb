"""Bring the live index up to its source folders: new files, changed ones, and those that are gone; nothing else is read again.

A file's documents change in one transaction, so that no question ever meets half a file, and a refresh that was killed goes on where it
was. The stages are those of `danlu run`, on the changed files alone: equal documents are told apart within these only, and fusion
weights and the refusal gate stay as they were measured. `danlu run` makes all of it anew.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from danlu.answer.asking.changed_files import Changes, Known, changes_since, known_files
from danlu.answer.index.access import align_access, apply_access, principals_of
from danlu.answer.index.equal_files import equal_files
from danlu.answer.index.live import open_live, refresh_scratch
from danlu.answer.state import current_index
from danlu.core.artifacts import Corpus
from danlu.core.errors import NothingKept
from danlu.core.execute import Machine, Shows, execute
from danlu.core.forgotten import Forgotten, names_around
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.forgotten import BOUND, RULE, SAME_TEXT
from danlu.data.lock import SourceLock, lock_sources
from danlu.recipes.reading import reading_plan
from danlu.recipes.settings import Settings
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.tables.twins import Twin
from danlu.retrieve.tables.writing import Version
from danlu.text.records import Reject, read_documents
from danlu.text.tables import stream_rows

_LEAST_FREE = 0.1
"""Of the live index's file, before it is written anew without its free pages: at 100,000 passages that takes seconds."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did."""

    changes: Changes
    documents: int = 0
    """That were put."""
    removed: int = 0
    """That are there no longer."""
    rejects: Sequence[Reject] = ()
    """Files and documents that were not kept, with why."""
    nothing: NothingKept | None = None
    """Why none of the files that were read gave a document, where none did."""

    def public(self) -> dict[str, Any]:
        """What `danlu refresh --json` prints."""
        said = asdict(replace(self, nothing=None))
        return said | {"nothing": self.nothing.message if self.nothing else None}


def refresh(project: Project, machine: Machine, shows: Shows, only_look: bool = False) -> Refreshed:
    """Look for changes, and take them over unless `only_look`. The caller holds the project's writer lock.

    Raises UserError when there is no release, or no source.
    """
    index = current_index(project)
    with closing(open_live(project, index)) as live:
        apply_access(live, project)
        lock = lock_sources(project.sources, project.state / "cache")
        known = known_files(live, lock)
        changes = changes_since(known, lock, Forgotten.of(project.state / "state"), Store(project.artifacts), index)
        if only_look:
            return Refreshed(changes)
        removed = _take_out(live, changes, known)
        files = tuple(file for file in lock.files if file.source in changes.to_read)
        done = _take_over(project, live, replace(lock, files=files), known, machine, shows) if files else _NOTHING
        if removed + done.removed:
            live.compact(_LEAST_FREE)
        if not project.vectors:
            live.cache_vectors()
        return replace(done, changes=changes, removed=removed + done.removed)


_NOTHING = Refreshed(Changes())


def _take_out(live: LiveIndex, changes: Changes, known: Known) -> int:
    """Take the documents of files that are gone out. What is to be read again counts as new from here on, whatever is killed."""
    if read_again := {*changes.again, *changes.changed, *changes.gone}:
        with live.writing() as change:
            change.follow((), gone=changes.again)
            names = change.twins().items()
            change.part([id for id, source in names if not read_again.isdisjoint(names_around(source))])
    for name in changes.gone:
        with live.writing() as change:
            for doc_id in known.documents_of(name):
                change.remove(doc_id)
            change.follow((), gone=[name])
    return sum(len(known.documents_of(name)) for name in changes.gone)


def _take_over(
    project: Project, live: LiveIndex, lock: SourceLock, known: Known, machine: Machine, shows: Shows
) -> Refreshed:
    """Put what files hold now, one transaction each."""
    read = _read(project, lock, machine, shows)
    put = removed = 0
    for file in lock.files:
        found = read.versions.get(file.source, [])
        gone = sorted(set(known.documents_of(file.source)) - {version.document.doc_id for version in found})
        with live.writing() as change:
            access = align_access(change, project)
            for doc_id in gone:
                change.remove(doc_id)
            for version in found:
                doc_id, source = version.document.doc_id, version.document.source
                change.put(replace(version, principals=principals_of(source, access)))
                if doc_id in read.twins:
                    change.join(doc_id, read.twins[doc_id])
                    change.grant_by_name(partial(principals_of, access=access), doc_id)
            change.follow([(file.source, file.sha256, file.licence)])
        put, removed = put + len(found), removed + len(gone)
    return Refreshed(Changes(), put, removed, read.rejects, read.nothing)


@dataclass(frozen=True)
class _Read:
    """What files gave: versions of documents by file, and what was not kept."""

    versions: Mapping[str, list[Version]]
    rejects: Sequence[Reject]
    nothing: NothingKept | None = None
    twins: Mapping[str, Sequence[Twin]] = field(default_factory=dict)
    """Other files with the text of a document, by its id."""


def _read(project: Project, lock: SourceLock, machine: Machine, shows: Shows) -> _Read:
    """Read files by the stages of the recipe, in a store of their own that is deleted afterwards."""
    scratch = refresh_scratch(project)
    shutil.rmtree(scratch, ignore_errors=True)
    store, forgotten = Store(scratch), Forgotten.of(project.state / "state")
    plan = reading_plan(Settings(project.settings), lock, forgotten, project.seed)
    try:
        read = execute(plan, store, machine, shows=shows)
        assert isinstance(read, Corpus)
        versions, again = _versions(read, store, {file.source for file in lock.files}, forgotten)
        return _Read(versions, [*_rejects(store), *again], twins=equal_files(store.all()))
    except NothingKept as error:
        return _Read({}, _rejects(store), error)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rejects(store: Store) -> list[Reject]:
    """What each stage did not keep, the one that kept nothing among them: that one is no artifact."""
    return [Reject(**row) for folder in sorted(store.root.glob("*/*/rejects")) for row in stream_rows(folder)]


def _versions(
    read: Corpus, store: Store, files: set[str], forgotten: Forgotten
) -> tuple[dict[str, list[Version]], list[Reject]]:
    """The documents of each file, as the index takes them, and those whose text was forgotten under another name."""
    [extraction] = [artifact for artifact in store.all() if artifact.manifest.stage == "extract"]
    assert isinstance(extraction, Corpus)
    texts = {row["doc_id"]: row["text"] for row in stream_rows(extraction.documents, ["doc_id", "text"])}
    found: dict[str, list[Version]] = {}
    again: list[Reject] = []
    for document in read_documents(read.documents):
        if forgotten.with_text(texts[document.doc_id]):
            again.append(Reject(document.doc_id, document.source, RULE, SAME_TEXT, BOUND))
            continue
        file = next(name for name in names_around(document.source) if name in files)
        found.setdefault(file, []).append(Version(document, texts[document.doc_id]))
    return found, again
