"""Files on their way to another machine: what there is, by name, size and hash; sent file by file, each checked as it arrives.

A tree is known by its hash, so that what the other machine has already is not sent again; what arrived before a connection broke
is kept and not sent again either. Links are followed: the other machine has not what they lead to.
"""

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath

from danlu.core.errors import UserError, WorkFailed
from danlu.core.frames import CHUNK_BYTES, Channel
from danlu.core.hashing import hash_file, short_id
from danlu.core.progress import Progress


@dataclass(frozen=True)
class TreeFile:
    """One file: its place below the folder that the tree is put into, with slashes."""

    place: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class FileTree:
    """A file, or all files of a folder. `name` is the first part of every place."""

    name: str
    files: tuple[TreeFile, ...]
    left_out: int = 0
    """Files and folders that stay here: hidden ones, and a project's environments of Python."""

    @cached_property
    def id(self) -> str:
        """Of the names and the content."""
        return short_id([[os.fsencode(file.place).hex(), file.sha256] for file in self.files])

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)

    def listing(self) -> bytes:
        """The files, for the other end."""
        return json.dumps([asdict(file) for file in self.files]).encode()


def listed(name: str, listing: bytes) -> FileTree:
    """The tree of a listing that came from the other end; raises WorkFailed when a place lies outside of the tree."""
    files = tuple(TreeFile(**facts) for facts in json.loads(listing))
    for file in files:
        parts = PurePosixPath(file.place).parts
        if parts[:1] != (name,) or ".." in parts or file.place != "/".join(parts):
            raise WorkFailed(
                "{place} lies outside of {name}", "Nothing of it was written.", place=file.place, name=name
            )
    return FileTree(name, files)


def read_tree(path: Path, *, hidden: bool, environments: bool = True) -> FileTree:
    """The file or folder, hashed; `hidden` says whether names that begin with a dot are taken too, `environments` whether Python's are.

    Raises UserError for what cannot be read, for what is neither file nor folder, and for a folder without files.
    """
    if path.is_file():
        name = path.absolute().name
        return FileTree(name, (_hashed(path, name),))
    name = path.resolve().name
    files: list[TreeFile] = []
    left_out = 0
    for inside, is_left_out in _walk(path, hidden, environments):
        if is_left_out:
            left_out += 1
        else:
            files.append(_hashed(inside, f"{name}/{inside.relative_to(path).as_posix()}"))
    if not files:
        raise UserError("{path} holds no file that could be sent", "Put files there, or name another.", path=path)
    return FileTree(name, tuple(sorted(files, key=lambda file: os.fsencode(file.place))), left_out)


def _walk(root: Path, hidden: bool, environments: bool) -> Iterator[tuple[Path, bool]]:
    """Every file, and what is hidden and stays here; through links to folders too, but for those to a folder that they lie in.

    Raises UserError when one folder is reached by two ways: what reads these files would take them once, and not know which was meant.
    """
    refused: list[OSError] = []
    entered: dict[str, str] = {}
    for folder, folders, names in os.walk(root, onerror=refused.append, followlinks=True):
        first = entered.setdefault(os.path.realpath(folder), folder)
        if first != folder:
            if not Path(folder).is_relative_to(first):
                raise _twice(Path(folder), Path(first))
            folders.clear()
            continue
        aside = [] if hidden else [name for name in (*folders, *names) if name.startswith(".")]
        if not environments:  # they are of this machine, and hold links to parts of themselves
            aside += [name for name in set(folders) - set(aside) if Path(folder, name, "pyvenv.cfg").is_file()]
        yield from ((Path(folder, name), True) for name in aside)
        folders[:] = sorted(set(folders) - set(aside))
        yield from ((Path(folder, name), False) for name in names if name not in aside)
    for error in refused:
        raise _unreadable(Path(error.filename), error)


def _hashed(path: Path, place: str) -> TreeFile:
    try:
        if not path.is_file():
            raise UserError(
                "{path} is no file, and cannot be sent",
                "Take it out of what is sent: a link that leads nowhere, or something that programs talk through.",
                path=path,
            )
        return TreeFile(place, path.stat().st_size, hash_file(path))
    except OSError as error:
        raise _unreadable(path, error) from None


def _twice(path: Path, first: Path) -> UserError:
    return UserError(
        "{path} and {first} are one folder, by a link",
        "Take one of them out of what is sent, or replace it by a copy.",
        path=path,
        first=first,
    )


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(
        "{path} cannot be read: {problem}",
        "Make it readable, or take it out of what is sent.",
        path=path,
        problem=error.strerror,
    )


def send_files(channel: Channel, root: Path, tree: FileTree, wanted: Collection[str], progress: Progress) -> None:
    """Send the wanted files of the tree, which is `root`, as they are now: the receiver compares."""
    files = [file for file in tree.files if file.place in wanted]
    sent, whole = 0, sum(file.size_bytes for file in files)
    for file in files:
        channel.send({"place": file.place})
        with root.joinpath(*PurePosixPath(file.place).parts[1:]).open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                channel.send({"part": True}, chunk)
                sent += len(chunk)
                progress.advance(sent >> 20, whole >> 20, "MiB")
    channel.send({"end": True})


def missing_in(folder: Path, tree: FileTree) -> list[str]:
    """Places of the tree's files that are not in the folder yet, as they should be. Files there that are none of the tree's are deleted."""
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    known = {file.place: file for file in tree.files}
    for place in here.keys() - known.keys():
        here.pop(place).unlink()
    return [
        place
        for place, file in known.items()
        if place not in here or here[place].stat().st_size != file.size_bytes or hash_file(here[place]) != file.sha256
    ]


def receive_files(channel: Channel, folder: Path, tree: FileTree, wanted: Collection[str], progress: Progress) -> None:
    """Write the files that come, below `folder`; raises WorkFailed when one is not what the listing says."""
    known = {file.place: file for file in tree.files if file.place in wanted}
    received, whole = 0, sum(file.size_bytes for file in known.values())
    facts, _ = channel.receive()
    while "place" in facts:
        file = known[facts["place"]]
        path, digest = folder / file.place, sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as content:
            facts, chunk = channel.receive()
            while "part" in facts:
                digest.update(chunk)
                content.write(chunk)
                received += len(chunk)
                progress.advance(received >> 20, whole >> 20, "MiB")
                facts, chunk = channel.receive()
        if digest.hexdigest() != file.sha256:
            path.unlink()
            raise WorkFailed(
                "{place} changed on the way, or while it was sent",
                "Give the same command again: what arrived whole is not sent again.",
                place=file.place,
            )
