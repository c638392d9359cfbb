"""What differs between the source folders and the live index: by the name, the bytes and the licence of each file.

A file that gave no document because another one says the same is read again when that other one went: else its text, which still lies in
the sources, would be answered from no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from danlu.answer.index.live import files_of
from danlu.answer.uses.lineage import line_of
from danlu.core.artifacts import Files, Index
from danlu.core.forgotten import Forgotten, names_around
from danlu.core.store import Store
from danlu.data.forgotten import forgotten_files
from danlu.data.lock import SourceLock
from danlu.retrieve.legs.live import LiveIndex
from danlu.text.tables import stream_rows


@dataclass(frozen=True)
class Changes:
    """What differs, by file name."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    """Files as before that held the same as what changed or is gone."""
    forgotten: tuple[str, ...] = ()
    """Files that lie there and are left out, by their names or their bytes."""

    @property
    def to_read(self) -> frozenset[str]:
        """What is read."""
        return frozenset((*self.new, *self.changed, *self.again))


@dataclass(frozen=True)
class Known:
    """What the live index follows."""

    files: Mapping[str, tuple[str, str]]
    """SHA-256 and licence by name."""
    documents: Mapping[str, Sequence[str]]
    """Ids of each file's documents: those of its name, and those inside it (`archive.zip#page.html`)."""

    def documents_of(self, file: str) -> Sequence[str]:
        """Ids of the documents of a file."""
        return self.documents.get(file, ())


def known_files(live: LiveIndex, lock: SourceLock) -> Known:
    """What a live index holds now.

    Documents stay grouped by their file when it is followed no more, since one inside it was forgotten, and when it is gone too.
    """
    with live.reading(None) as view:
        files = {file: (sha256, licence) for file, sha256, licence in view.rows("SELECT * FROM sources")}
        rows = view.rows("SELECT source, doc_id FROM documents ORDER BY doc_id")
    names = {*files, *(file.source for file in lock.files)}
    found: dict[str, list[str]] = {}
    for source, doc_id in rows:
        file = next((name for name in names_around(source) if name in names), source.partition("#")[0])
        found.setdefault(file, []).append(doc_id)
    return Known(files, found)


def changes_since(known: Known, lock: SourceLock, forgotten: Forgotten, store: Store, index: Index) -> Changes:
    """Compare; a forgotten file counts as gone."""
    hidden = forgotten_files(forgotten, lock)
    now = {
        file.source: (file.sha256, file.licence) for file in lock.files if not hidden or file.source not in hidden.files
    }
    new = tuple(name for name in now if name not in known.files)
    changed = tuple(name for name, facts in now.items() if name in known.files and known.files[name] != facts)
    gone = tuple(name for name in dict.fromkeys((*known.files, *known.documents)) if name not in now)
    lost = frozenset((*changed, *gone, *(name for name in new if known.documents_of(name))))
    alike = {*_without_document(known, lost, store, index), *_duplicates(known, lost, store, index)} if lost else set()
    again = tuple(name for name in now if name in alike - {*new, *lost})
    return Changes(new, changed, gone, again, tuple(hidden.files) if hidden else ())


def _without_document(known: Known, lost: frozenset[str], store: Store, index: Index) -> Iterator[str]:
    """Files without a document: those with a lost file's bytes, and those that a refresh read, which keeps no record of what they copy."""
    contents = {known.files[name][0] for name in lost if name in known.files}
    released, unread = set(files_of(store, index)), set(_unread(store, index))
    for name, (sha256, licence) in known.files.items():
        by_refresh = (name, sha256, licence) not in released and name not in unread
        if not known.documents_of(name) and (sha256 in contents or by_refresh):
            yield name


def _unread(store: Store, index: Index) -> Iterator[str]:
    """Files that the release was to be made from and that hold nothing to read, such as empty ones and programs."""
    for artifact in line_of(store, index):
        if isinstance(artifact, Files) and (artifact.path / "rejects").exists():
            yield from (row["source"] for row in stream_rows(artifact.path / "rejects", ["source"]))


def _duplicates(known: Known, lost: frozenset[str], store: Store, index: Index) -> Iterator[str]:
    """Files with a document that the release rejected because one of a lost file says the same."""
    ids = {id for name in lost for id in known.documents_of(name)}
    for artifact in line_of(store, index):
        if (artifact.path / "pairs").exists():
            removed = {row["removed"] for row in _rows(artifact.path / "pairs") if row["kept"] in ids}
            rejects = stream_rows(artifact.path / "rejects", ["doc_id", "source"]) if removed else ()
            for row in rejects:
                if row["doc_id"] in removed:
                    yield next((name for name in names_around(row["source"]) if name in known.files), row["source"])


def _rows(pairs: Path) -> Iterator[Mapping[str, str]]:
    return stream_rows(pairs, ["kept", "removed"])
