"""Every name that a project ever gave to a file or a document.

What it ever collected is known, not only what lies there now: an old release may hold a document whose file is long gone.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from danlu.answer.uses.sought import Sought
from danlu.core.artifacts import MANIFEST, Artifact, Corpus, Files
from danlu.core.databases import read_only, using
from danlu.core.errors import Phrase, UserError
from danlu.core.forgotten import names_around, text_hash
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import id_of, source_paths
from danlu.text.tables import stream_rows

_NEXT_STEP = Phrase("Delete it: it is made again from the release, with what was forgotten left out.")


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
    followed: str
    """Of the file as a live index holds it; empty where none does. A refresh may have put it since it was collected."""
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
    followed: dict[str, str]
    """SHA-256 of each file as a live index holds it."""
    live: tuple[Path, ...]
    """Live indexes: a document that a refresh put there stands in no artifact."""
    is_lenient: bool
    """Whether a live index that cannot be read is passed over."""

    @classmethod
    def of(cls, project: Project, is_lenient: bool = False) -> "Catalogue":
        """Read the names from all artifacts and live indexes.

        A `is_lenient` one passes over live indexes that cannot be read: nothing is answered from them, and they must not hold up an order
        to forget, which names them by itself. Else they raise UserError.
        """
        store, paths = Store(project.artifacts), source_paths(project.sources)
        live = tuple(sorted((project.state / "state" / "index").glob("*.db")))
        ids = {source: doc_id for artifact in store.all() for source, doc_id in names_in(artifact)}
        ids |= {row["source"]: row["doc_id"] for path in live for row in _live_rows(path, is_lenient)}
        ids |= {source: id_of(source) for source in paths if source not in ids}
        made = [artifact for artifact in store.all() if isinstance(artifact, Files)]
        newest_last = sorted(made, key=lambda artifact: (artifact.path / MANIFEST).stat().st_mtime_ns)
        tables = (stream_rows(artifact.table, ["source", "sha256"]) for artifact in newest_last)
        collected = {row["source"]: row["sha256"] for table in tables for row in table}
        files = (_rows(path, "SELECT file, sha256 FROM sources", is_lenient) for path in live)
        followed = {file: sha256 for rows in files for file, sha256 in rows}
        return cls(store, ids, paths, collected, followed, live, is_lenient)

    def document(self, source: str, texts: Iterable[str]) -> NamedDocument:
        """The document of this name."""
        known = (self.collected, self.followed, self.paths)
        file = next((name for name in names_around(source) if any(name in names for names in known)), source)
        path, collected, followed = self.paths.get(file), self.collected.get(file, ""), self.followed.get(file, "")
        within = f"{source}#"
        ids = frozenset(id for name, id in self.ids.items() if name == source or name.startswith(within))
        content = _content(path, followed or collected)
        return NamedDocument(source, file, path, content, collected, followed, ids, tuple(dict.fromkeys(texts)))

    def extracted(self) -> Iterator[dict[str, Any]]:
        """doc_id, source and text of every document that was ever extracted, as far as it is still here."""
        for path in self.live:
            yield from _live_rows(path, self.is_lenient)
        for artifact in self.store.all():
            if isinstance(artifact, Corpus) and artifact.manifest.stage == "extract":
                yield from stream_rows(artifact.documents, ["doc_id", "source", "text"])


def _live_rows(path: Path, is_lenient: bool) -> Iterator[dict[str, Any]]:
    """doc_id, source and extraction of the documents of a live index."""
    for doc_id, source, text in _rows(path, "SELECT doc_id, source, extraction FROM documents", is_lenient):
        yield {"doc_id": doc_id, "source": source, "text": text}


def _rows(path: Path, query: str, is_lenient: bool) -> Iterator[Any]:
    passed_over = suppress(UserError) if is_lenient else nullcontext()
    with passed_over, using(path, _NEXT_STEP), closing(read_only(path)) as connection:
        yield from connection.execute(query)


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


def _content(path: Path | None, collected: str) -> str:
    """The hash of what lies there now; else of what was seen last."""
    try:
        return hash_file(path) if path is not None else collected
    except OSError:
        return collected
