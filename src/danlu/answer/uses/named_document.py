"""Which document a name means: the name as citations show it, a document's id, or the path of a source file.

A whole file is meant with every document in it (rows of a data set, members of an archive: `file#member`). What a project ever
collected is known, not only what lies there now: an old release may hold a document whose file is long gone.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from danlu.core.artifacts import MANIFEST, Artifact, Corpus, Files
from danlu.core.databases import using
from danlu.core.errors import Phrase, UserError
from danlu.core.forgotten import ForgottenDocument, names_around, text_hash
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import id_of, source_paths
from danlu.data.nearest import nearest_first
from danlu.text.tables import stream_rows

_NEAREST = 3
_NEXT_STEP = Phrase("Delete it: it is made again from the release, with what was forgotten left out.")


@dataclass(frozen=True)
class Sought:
    """What artifacts are searched for: one document, or several at once."""

    names: frozenset[str]
    doc_ids: frozenset[str]

    def covers(self, source: str) -> bool:
        """Whether a name is one of these, or of a document in one of them."""
        return any(name in self.names for name in names_around(source))

    def is_in(self, row: dict[str, Any]) -> bool:
        """Whether a row of a table is about one of them."""
        return row.get("doc_id") in self.doc_ids or self.covers(row.get("source") or "")


def any_of(each: Iterable[Sought]) -> Sought:
    """Any of some documents."""
    every = list(each)
    return Sought(
        frozenset(name for sought in every for name in sought.names),
        frozenset(id for sought in every for id in sought.doc_ids),
    )


def sought_by(entry: ForgottenDocument) -> Sought:
    """A document that was forgotten earlier, as far as the list still knows it."""
    return Sought(frozenset((entry.source,)), frozenset(entry.doc_ids))


@dataclass(frozen=True)
class NamedDocument:
    """A document, or a file with all the documents in it, as a project's artifacts know it."""

    source: str
    file: str
    """The name of the source file that it stands in."""
    path: Path | None
    """Where that file lies; None when it is gone."""
    sha256: str
    """Of the file as it lies there; as it was collected last when it is gone."""
    collected: str
    """Of the file as it was collected last; empty when it never was."""
    doc_ids: frozenset[str]
    """Ids of its documents."""
    texts: tuple[str, ...]
    """Every extraction of its documents, the same one once."""

    @cached_property
    def sought(self) -> Sought:
        """What artifacts are searched for."""
        return Sought(frozenset((self.source,)), self.doc_ids)

    @cached_property
    def text_hashes(self) -> tuple[str, ...]:
        """What its texts are known again by."""
        return tuple(sorted({hash for hash in map(text_hash, self.texts) if hash}))


@dataclass(frozen=True)
class Catalogue:
    """Every name that a project ever gave to a file or a document."""

    store: Store
    ids: dict[str, str]
    """Of each document, by its name."""
    paths: dict[str, Path]
    """Of the source files that lie there now, by name."""
    collected: dict[str, str]
    """SHA-256 of each file as it was collected last."""
    live: tuple[Path, ...]
    """Live indexes: a document that a refresh put there stands in no artifact."""

    @classmethod
    def of(cls, project: Project) -> "Catalogue":
        """Read the names from all artifacts."""
        store, paths = Store(project.artifacts), source_paths(project.sources)
        live = tuple(sorted((project.state / "state" / "index").glob("*.db")))
        ids = {source: doc_id for artifact in store.all() for source, doc_id in names_in(artifact)}
        ids |= {row["source"]: row["doc_id"] for path in live for row in _live_rows(path)}
        ids |= {source: id_of(source) for source in paths if source not in ids}
        made = [artifact for artifact in store.all() if isinstance(artifact, Files)]
        newest_last = sorted(made, key=lambda artifact: (artifact.path / MANIFEST).stat().st_mtime_ns)
        tables = (stream_rows(artifact.table, ["source", "sha256"]) for artifact in newest_last)
        collected = {row["source"]: row["sha256"] for table in tables for row in table}
        return cls(store, ids, paths, collected, live)

    def document(self, source: str, texts: Iterable[str]) -> NamedDocument:
        """The document of this name."""
        file = next((name for name in names_around(source) if name in self.collected or name in self.paths), source)
        path, collected = self.paths.get(file), self.collected.get(file, "")
        within = f"{source}#"
        ids = frozenset(id for name, id in self.ids.items() if name == source or name.startswith(within))
        return NamedDocument(source, file, path, _content(path, collected), collected, ids, tuple(dict.fromkeys(texts)))

    def extracted(self) -> Iterator[dict[str, Any]]:
        """doc_id, source and text of every document that was ever extracted, as far as it is still here."""
        for path in self.live:
            yield from _live_rows(path)
        for artifact in self.store.all():
            if isinstance(artifact, Corpus) and artifact.manifest.stage == "extract":
                yield from stream_rows(artifact.documents, ["doc_id", "source", "text"])


def _live_rows(path: Path) -> Iterator[dict[str, Any]]:
    """doc_id, source and extraction of the documents of a live index."""
    with using(path, _NEXT_STEP), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for doc_id, source, text in connection.execute("SELECT doc_id, source, extraction FROM documents"):
            yield {"doc_id": doc_id, "source": source, "text": text}


def find_document(project: Project, name: str, start: Path) -> NamedDocument:
    """The document that `name` means, paths seen from the folder `start`; raises UserError with the nearest names."""
    known = Catalogue.of(project)
    found = known.document(_meant(name, known.ids, known.paths, start), ())
    return replace(
        found, texts=tuple(dict.fromkeys(row["text"] for row in known.extracted() if found.sought.is_in(row)))
    )


def copies_of(project: Project, document: NamedDocument) -> list[NamedDocument]:
    """Other documents that ever were read with the same text, white space apart: to forget one of them alone would forget nothing."""
    if not (wanted := frozenset(document.text_hashes)):
        return []
    known = Catalogue.of(project)
    texts: dict[str, list[str]] = {}
    for row in known.extracted():
        if not document.sought.is_in(row) and text_hash(row["text"]) in wanted:
            texts.setdefault(row["source"], []).append(row["text"])
    return [known.document(source, found) for source, found in texts.items()]


def names_in(artifact: Artifact) -> Iterator[tuple[str, str]]:
    """(name, id) of every file and document that a collection or an extraction names, kept or not."""
    if isinstance(artifact, Files):
        tables = [artifact.table, artifact.path / "rejects"]
    elif isinstance(artifact, Corpus) and artifact.manifest.stage == "extract":
        tables = [artifact.documents, artifact.path / "rejects"]
    else:
        return
    for table in tables:
        yield from ((row["source"], row["doc_id"]) for row in stream_rows(table, ["source", "doc_id"]))


def _meant(name: str, known: dict[str, str], paths: dict[str, Path], start: Path) -> str:
    if name in known:
        return name
    by_id = [source for source, doc_id in known.items() if doc_id == name]
    if len(by_id) == 1:
        return by_id[0]
    if any(source.startswith(f"{name}#") for source in known):
        return name
    asked = (start / name).resolve() if name else start
    at_path = [source for source, path in paths.items() if path.resolve() == asked]
    if len(at_path) == 1:
        return at_path[0]
    raise _unknown(name, known)


def _unknown(name: str, known: dict[str, str]) -> UserError:
    if not known:
        return UserError("This project has no documents", "`danlu run` reads them; danlu.yaml says where they lie.")
    near = nearest_first(name, sorted(known))[:_NEAREST]
    return UserError(
        "No document is called {name}",
        "The nearest names: {names}. A name is one that citations show, a document's id, or the path of a source file.",
        name=name or "''",
        names=", ".join(near),
    )


def _content(path: Path | None, collected: str) -> str:
    """The hash of what lies there now; else of what the newest collection saw."""
    try:
        return hash_file(path) if path is not None else collected
    except OSError:
        return collected
