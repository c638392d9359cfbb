"""Bring the live index up to its source folders: new files, changed ones, and those that are gone; nothing else is read again.

A file's documents change in one transaction, so that no question ever meets half a file, and a refresh that was killed goes on where it
was. The stages are those of `danlu run`, on the changed files alone: equal documents are told apart within these only, and fusion
weights and the refusal gate stay as they were measured. `danlu run` makes all of it anew.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

from danlu.answer.index.access import apply_access, principals_of
from danlu.answer.index.live import open_live
from danlu.answer.state import current_index
from danlu.core.artifacts import Corpus
from danlu.core.errors import NothingKept
from danlu.core.execute import Machine, Shows, execute
from danlu.core.forgotten import Forgotten, names_around
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.forgotten import BOUND, RULE, SAME_TEXT, forgotten_files
from danlu.data.lock import SourceLock, lock_sources
from danlu.recipes.reading import reading_plan
from danlu.recipes.settings import Settings
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.tables.writing import Version
from danlu.text.records import Reject, read_documents
from danlu.text.tables import stream_rows


@dataclass(frozen=True)
class Changes:
    """What differs between the source folders and the live index, by file name."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did."""

    changes: Changes
    documents: int
    """That were put."""
    removed: int
    """That are there no longer."""
    rejects: Sequence[Reject]
    """Files and documents that were not kept, with why."""
    nothing: NothingKept | None = None
    """Why none of the new and changed files gave a document, where none did."""

    def public(self) -> dict[str, Any]:
        """What `danlu refresh --json` prints."""
        said = asdict(replace(self, nothing=None))
        return said | {"nothing": self.nothing.message if self.nothing else None}


def refresh(project: Project, machine: Machine, shows: Shows, only_look: bool = False) -> Refreshed:
    """Look for changes, and take them over unless `only_look`. The caller holds the project's writer lock.

    Raises UserError when there is no release, or no source.
    """
    with closing(open_live(project, current_index(project))) as live:
        apply_access(live, project)
        lock = lock_sources(project.sources, project.state / "cache")
        with live.reading(None) as view:
            known = {file: (sha256, licence) for file, sha256, licence in view.rows("SELECT * FROM sources")}
            documents = dict(view.rows("SELECT source, doc_id FROM documents"))
        changes = _changes(known, lock, Forgotten.of(project.state / "state"))
        if only_look:
            return Refreshed(changes, 0, 0, ())
        by_file = _by_file(documents, known)
        removed = _take_out(live, changes.gone, by_file)
        wanted = {*changes.new, *changes.changed}
        files = [file for file in lock.files if file.source in wanted]
        if not files:
            return Refreshed(changes, 0, removed, ())
        subset = replace(lock, files=tuple(files))
        nothing: NothingKept | None = None
        try:
            made = _read(project, subset, machine, shows)
        except NothingKept as error:
            made, nothing = _Read({}, ()), error
        put, replaced = _take_over(live, subset, made.versions, by_file)
        return Refreshed(changes, put, removed + replaced, made.rejects, nothing)


def _changes(known: Mapping[str, tuple[str, str]], lock: SourceLock, forgotten: Forgotten) -> Changes:
    """Compare; a forgotten file counts as gone."""
    hidden = forgotten_files(forgotten, lock)
    now = {
        file.source: (file.sha256, file.licence) for file in lock.files if not hidden or file.source not in hidden.files
    }
    new = tuple(name for name in now if name not in known)
    changed = tuple(name for name, facts in now.items() if name in known and known[name] != facts)
    return Changes(new, changed, tuple(name for name in known if name not in now))


def _by_file(documents: Mapping[str, str], files: Iterable[str]) -> dict[str, set[str]]:
    """The ids of the documents of each file: those of its name, and those inside it (`archive.zip#page.html`)."""
    known, found = set(files), dict[str, set[str]]()
    for source, doc_id in documents.items():
        file = next((name for name in names_around(source) if name in known), source)
        found.setdefault(file, set()).add(doc_id)
    return found


def _take_out(live: LiveIndex, gone: Iterable[str], by_file: Mapping[str, set[str]]) -> int:
    count = 0
    for name in gone:
        ids = sorted(by_file.get(name, ()))
        live.change(removed=ids)
        live.follow((), gone=[name])
        count += len(ids)
    return count


@dataclass(frozen=True)
class _Read:
    """What files gave: versions of documents by file, and what was not kept."""

    versions: Mapping[str, list[Version]]
    rejects: Sequence[Reject]


def _read(project: Project, lock: SourceLock, machine: Machine, shows: Shows) -> _Read:
    """Read files by the stages of the recipe, in a store of their own that is deleted afterwards."""
    scratch = project.state / "cache" / "refresh"
    shutil.rmtree(scratch, ignore_errors=True)
    store, forgotten = Store(scratch), Forgotten.of(project.state / "state")
    plan = reading_plan(Settings(project.settings), lock, forgotten, project.seed)
    try:
        read = execute(plan, store, machine, shows=shows)
        assert isinstance(read, Corpus)
        folders = [made.path / "rejects" for made in store.all()]
        rejects = [Reject(**row) for folder in folders if folder.exists() for row in stream_rows(folder)]
        versions, again = _versions(project, read, store, {file.source for file in lock.files}, forgotten)
        return _Read(versions, [*rejects, *again])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _take_over(
    live: LiveIndex, lock: SourceLock, versions: Mapping[str, list[Version]], by_file: Mapping[str, set[str]]
) -> tuple[int, int]:
    """Put what files hold now, one transaction each: how many documents were put, and how many taken out."""
    put = removed = 0
    for file in lock.files:
        found = versions.get(file.source, [])
        before = by_file.get(file.source, set()) - {version.document.doc_id for version in found}
        live.change(found, sorted(before), (file.source, file.sha256, file.licence))
        put, removed = put + len(found), removed + len(before)
    return put, removed


def _versions(
    project: Project, read: Corpus, store: Store, files: set[str], forgotten: Forgotten
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
        principals = principals_of(document.source, project.access)
        found.setdefault(file, []).append(Version(document, texts[document.doc_id], principals))
    return found, again
