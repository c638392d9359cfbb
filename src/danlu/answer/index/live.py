"""The live index of a project: one file per index artifact, `.danlu/state/index/ID.db`, that starts as its copy and takes changes.

It appears only when forgotten documents are out and access is set, so no question ever meets one without. Whoever makes one or
changes all of them holds the folder's lock.
"""

import fcntl
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from danlu.answer.index.access import align_access, apply_access
from danlu.answer.index.equal_files import equal_files
from danlu.answer.index.vector_store import open_store
from danlu.answer.state import State, current_index
from danlu.answer.uses.lineage import line_of
from danlu.core.artifacts import Artifact, Files, Index
from danlu.core.damage import check_intact
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.retrieve.legs.live import TIMEOUT_S, LiveIndex
from danlu.retrieve.legs.vector_cache import folder_of
from danlu.retrieve.outside.stores import VectorStore
from danlu.text.tables import stream_rows

BEGUN = "begun"
"""The fact that holds a live index's first generation: the time in milliseconds, so that one made again never counts as the one before."""


def has_live(project: Project, index: Index) -> bool:
    """Whether a live index lies there that started from this one."""
    return (_folder(project) / f"{index.id}.db").exists()


def open_live(project: Project, index: Index, store: VectorStore | None = None) -> LiveIndex:
    """The live index that starts from `index`, made when missing, with the project's access as it is now.

    `store` is where its vectors are searched, None for memory. Raises UserError when a pattern of danlu.yaml's `access` fits
    nothing, or when the file is damaged.
    """
    path = _folder(project) / f"{index.id}.db"
    if not path.exists():
        with changing(project):
            if not path.exists():
                _make(project, index, path)
                if not project.vectors:
                    with closing(LiveIndex(path, index.encoder)) as made:
                        made.cache_vectors()
    live = LiveIndex(path, index.encoder, store)
    apply_access(live, project)
    return live


@contextmanager
def changing(project: Project) -> Iterator[list[Path]]:
    """Hold the lock of the project's live indexes; gives their files. Nobody makes one meanwhile, so that half ones are left-overs."""
    folder = _folder(project)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for half in sorted(folder.glob("*.half*")):
            half.unlink()
        yield sorted(folder.glob("*.db"))


def keep_current(project: Project) -> None:
    """Delete the live indexes of other releases than the current one: going back to one makes its index again."""
    with changing(project) as paths:
        current = current_index(project).id  # read under the lock: another process may have switched since
        for path in paths:
            if path.stem != current:
                _delete(path)


def follow_release(project: Project) -> None:
    """Delete the live index of the current release where it holds other files than the release was made from.

    A release that is made again may have the id of before, while refreshes and orders to forget have changed its live index since.
    """
    index = current_index(project)
    path = _folder(project) / f"{index.id}.db"
    if not path.exists():
        return
    with closing(LiveIndex(path, None)) as live, live.reading(None) as view:
        held = {tuple(row) for row in view.rows("SELECT * FROM sources")}
    if held != set(files_of(Store(project.artifacts), index)):
        with changing(project):
            _delete(path)


@dataclass(frozen=True)
class Removed:
    """What became of documents that were to be taken out of live indexes."""

    passages: int
    logs_left: Sequence[Path]
    """Indexes whose log still holds their bytes, since somebody read in it all the time."""
    unusable: Mapping[Path, UserError]
    """Indexes that could not be changed, such as one of an earlier version of danlu, with why."""


def remove_documents(
    paths: Collection[Path], doc_ids: Collection[str], files: Collection[str], wait_s: float = TIMEOUT_S
) -> Removed:
    """Take documents out of live indexes, and what they left in free pages; one that cannot be used stops nothing.

    One that another program holds may be used later, and raises WorkFailed.
    Somebody who reads in an index's log is waited for `wait_s` seconds. Of `files` nothing is known any more: should an order be lifted,
    a refresh reads them again.
    """
    passages, logs_left, unusable = 0, [], {}
    for path in paths:
        try:
            with closing(LiveIndex(path, None)) as live:
                with live.writing() as change:
                    passages += sum(map(change.remove, sorted(doc_ids)))
                    change.follow((), gone=sorted(files))
                if not live.compact(wait_s=wait_s):
                    logs_left.append(path)
        except UserError as error:
            unusable[path] = error
    return Removed(passages, logs_left, unusable)


def bring_store(project: Project) -> str:
    """Bring the store of danlu.yaml's `vectors` up to date with the live index; returns why it is not, empty when it is."""
    try:
        return _brought(project)
    except UserError as error:  # no driver, an address of none, an index that cannot be used
        return error.message


def _brought(project: Project) -> str:
    store = open_store(project)
    if store is None or not State.of(project).has_release():
        return ""
    path = _folder(project) / f"{current_index(project).id}.db"
    if not path.exists():
        return ""
    with closing(LiveIndex(path, None, store)) as live:
        return live.bring_store()


def refresh_scratch(project: Project) -> Path:
    """Where a refresh reads files into; one that was killed leaves their text there."""
    return project.state / "cache" / "refresh"


def files_of(store: Store, index: Index) -> list[tuple[str, str, str]]:
    """The source files that an index was made from, by name: SHA-256 and licence."""
    waiting: list[Artifact] = [index]
    while waiting:
        artifact = waiting.pop()
        if isinstance(artifact, Files):
            return [(row["source"], row["sha256"], row["licence"]) for row in stream_rows(artifact.table)]
        waiting += [store.find(id) for id in artifact.manifest.parents.values() if not id.startswith("sha256:")]
    return []


def _folder(project: Project) -> Path:
    folder = project.state / "state" / "index"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make(project: Project, index: Index, path: Path) -> None:
    half = path.with_suffix(".half")
    _delete(half)
    check_intact([index])
    shutil.copyfile(index.database, half)
    forgotten, store = Forgotten.of(project.state / "state"), Store(project.artifacts)
    with closing(LiveIndex(half, index.encoder)) as live:
        with live.writing() as change:
            begun = time.time_ns() // 1_000_000
            for fact in ("generation", BEGUN):
                change.note(fact, begun)
            hidden = [doc_id for doc_id, source in change.sources().items() if forgotten.find(source, doc_id)]
            for doc_id in hidden:
                change.remove(doc_id)
            change.follow(files_of(store, index))
            there = change.sources()
            for doc_id, twins in equal_files(line_of(store, index)).items():
                if doc_id in there:
                    change.join(doc_id, [one for one in twins if not forgotten.find(one.source, one.doc_id)])
            align_access(change, project)
        if hidden:
            live.compact()
    half.rename(path)


def _delete(database: Path) -> None:
    """A database with its log, and the cache of its vectors."""
    shutil.rmtree(folder_of(database), ignore_errors=True)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
