"""The source lock: what the sources held when a run began.

It enters identity by content: sorted relative path, SHA-256 and licence of every file. Where the files lie is not
part of it, so a moved folder is the same input. Hidden files and folders (names that start with a dot) are not
sources: they are named beside the files, and are no part of identity, since file browsers and editors leave them
everywhere. A danlu project's own settings are no sources either. Of a fetched folder each file has the licence that the account notes for
it, unless another was given.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_facts, hash_file, hash_rows
from danlu.core.licence_card import UNKNOWN
from danlu.core.project import PROJECT_FILE, STATE, WORDS_FILE, Source
from danlu.data.fetch import ledger
from danlu.data.fetch.ledger import ACCOUNT, LINES
from danlu.data.fetched_licences import FetchedLicences
from danlu.data.known_hashes import KnownHashes

UNREADABLE = "unreadable"
"""Stands for the hash of a file that the system would not let us read."""
_SMALL_BYTES = 32 << 20


def id_of(source: str) -> str:
    """The id of the document of this name."""
    return hash_facts(source)[:16]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: `source` is its stable name (label of the source, then the path inside it).

    A run holds one for each file of its sources: about 450 bytes, so neither a dictionary nor a `Path` is in it.
    """

    source: str
    place: str
    sha256: str
    size_bytes: int
    licence: str
    mtime_ns: int = 0
    """When it was last written, as it was locked: no identity."""

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self.place)

    @property
    def doc_id(self) -> str:
        """The id of the document in this file, from its name alone: a changed file is a new version of the same."""
        return id_of(self.source)

    def read(self) -> bytes:
        """The bytes that were locked; raises WorkFailed when the file is not what it was."""
        with self.opened() as file:
            return file.read()

    @contextmanager
    def opened(self, *, part: bool = False) -> Iterator[BinaryIO]:
        """The file as it was locked; raises WorkFailed when it is not what it was, before it is read or after.

        A small file is held in memory. A large one is hashed, then read from the disk. Where one of many workers reads a
        `part`, its size and time of change stand for its hash, which another worker checks.
        """
        try:
            if self.size_bytes <= _SMALL_BYTES:
                content = self.path.read_bytes()
                self._check(sha256(content).hexdigest() == self.sha256)
                yield io.BytesIO(content)
                return
            before = self._stat()
            self._check((part and before == (self.size_bytes, self.mtime_ns)) or hash_file(self.path) == self.sha256)
            with self.path.open("rb") as file:
                yield file
            self._check(self._stat() == before)
        except OSError:
            if self.path.is_file() and os.access(self.path, os.R_OK):
                raise
            self._check(False)

    def _stat(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def _check(self, unchanged: bool) -> None:
        if not unchanged:
            raise WorkFailed(
                "{source} changed while danlu was reading it",
                "Run `danlu run` again: it starts from what lies there now.",
                source=self.source,
            )


@dataclass(frozen=True)
class SourceLock:
    """All source files, by name."""

    files: tuple[SourceFile, ...]
    hidden: tuple[str, ...] = ()
    """Names of what is hidden, a folder (with `/` after it) as one. Like `SourceFile.mtime_ns` no identity."""

    @cached_property
    def by_id(self) -> dict[str, SourceFile]:
        """The files by document id."""
        return {file.doc_id: file for file in self.files}

    def content_hash(self) -> str:
        """What enters identity."""
        return hash_rows([file.source, file.sha256, file.licence] for file in self.files)


def lock_sources(sources: Sequence[Source], cache: Path | None = None) -> SourceLock:
    """Hash every file of the sources; raises UserError when one is missing, or when there is no file at all.

    In the folder `cache` the hashes are kept: a file whose path, inode, size and time of change are as before is not read again.
    """
    for source in sources:
        if not source.path.exists():
            raise UserError(
                "No such file or folder: {path}",
                "Correct `path:` below `sources:` in danlu.yaml, or the path given.",
                path=source.path,
            )
    files, hidden, fetched = [], [], FetchedLicences()
    with KnownHashes(cache) as known:
        for source, path, name in _named(sources):
            if _is_hidden(source, path):
                hidden.append(f"{name}/" if path.is_dir() else name)
            else:
                licence = fetched.licence_of(path) if source.licence == UNKNOWN else source.licence
                files.append(_lock(path, name, licence, known))
    if not files:
        paths = ", ".join(str(source.path) for source in sources)
        raise UserError(
            "No files in {paths}",
            "Put documents there: text, HTML, PDF, Office files, data sets or archives.",
            paths=paths,
        )
    return SourceLock(tuple(sorted(files, key=lambda file: file.source)), tuple(sorted(hidden)))


def source_paths(sources: Sequence[Source]) -> dict[str, Path]:
    """Where each source file lies, by its name, without reading any."""
    return {name: path for source, path, name in _named(sources) if not _is_hidden(source, path)}


def _named(sources: Sequence[Source]) -> Iterator[tuple[Source, Path, str]]:
    labels: set[str] = set()
    for source in sources:
        label = _free_label(printable(source.path.resolve().name) or "root", labels)
        for path, name in _walk(source.path, label):
            yield source, path, name


def _free_label(wanted: str, taken: set[str]) -> str:
    label, number = wanted, 2
    while label in taken:
        label, number = f"{wanted}-{number}", number + 1
    taken.add(label)
    return label


def _walk(root: Path, label: str) -> Iterator[tuple[Path, str]]:
    """Every file below `root`, through links to folders too (each folder once), every folder that is hidden or cannot be listed."""
    if root.is_file():
        yield root, label
        return
    refused: list[OSError] = []
    entered: set[str] = set()
    for folder, folders, names in os.walk(root, onerror=refused.append, followlinks=True):
        if os.path.realpath(folder) in entered:
            folders.clear()
            continue
        entered.add(os.path.realpath(folder))
        hidden = [name for name in folders if name.startswith(".") and name not in (STATE, ledger.STATE)]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(hidden):
            yield Path(folder, name), _name(Path(folder, name), root, label)
        inside = label if folder == str(root) else _name(Path(folder), root, label)
        for path in (Path(folder, name) for name in sorted(names)):
            if (path.is_file() or path.is_symlink()) and not _is_own(path):
                yield path, f"{inside}/{printable(path.name)}"
    for error in refused:
        yield Path(error.filename), _name(Path(error.filename), root, label)


def _is_hidden(source: Source, path: Path) -> bool:
    """Whether a path inside a source is hidden. One that was named itself is not."""
    return path != source.path and path.name.startswith(".")


def _name(path: Path, root: Path, label: str) -> str:
    return f"{label}/{printable(path.relative_to(root).as_posix())}"


def printable(path: str) -> str:
    """A path as text: bytes of a name that are not UTF-8 (an archive from another system) are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_own(path: Path) -> bool:
    """Whether a file is danlu's and no document: a project's settings and blocked words, the account of a fetch."""
    if path.name in (ACCOUNT, LINES):
        return (path.parent / ACCOUNT).exists() and (path.parent / LINES).exists()
    return path.name in (PROJECT_FILE, WORDS_FILE) and (path.parent / PROJECT_FILE).exists()


def _lock(path: Path, name: str, licence: str, known: KnownHashes) -> SourceFile:
    try:
        found = path.stat()
        return SourceFile(name, str(path), known.sha256_of(path, found), found.st_size, licence, found.st_mtime_ns)
    except OSError:
        return SourceFile(name, str(path), UNREADABLE, 0, licence)
