"""Pull: an artifact comes back by its id, and is one again only when every byte has been checked.

Files lie under their own names as they arrive, each checked by its MD5; the manifest is put in place last, after the whole
content gave the hash that it names. A pull that stops leaves a folder without a manifest, which nothing takes for an
artifact; the next pull checks what is there and fetches the rest.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from danlu.core.artifacts import FACTS_FILES, MANIFEST, Manifest
from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_content
from danlu.core.progress import Progress
from danlu.core.store import write_atomically
from danlu.data.remote.address import Remote
from danlu.data.remote.failures import told


@dataclass(frozen=True)
class Pointer:
    """What the remote says of one artifact."""

    id: str
    stage: str
    md5: str
    parents: tuple[str, ...]


def ids_in(remote: Remote) -> list[str]:
    """The ids of all artifacts in a remote. Raises UserError for a folder that is not there: a misspelt one is no empty remote."""
    if remote.fs.protocol == "local" and not remote.fs.exists(remote.root):
        raise UserError(
            "{address}: no such folder",
            "Correct the address of the remote, or mount it; `danlu push` makes the folder.",
            address=remote.address,
        )
    with told(remote.address):
        folder = remote.fs.parent(remote.pointer("id"))
        if not remote.fs.exists(folder):
            return []
        names = [PurePosixPath(path).name for path in remote.fs.find(folder)]
    return sorted(name.removesuffix(".dvc") for name in names if name.endswith(".dvc"))


def pointer_of(remote: Remote, start: str) -> Pointer:
    """The artifact whose id starts with `start`; raises UserError when there is none or more than one."""
    found = [id for id in ids_in(remote) if start and id.startswith(start)]
    if len(found) != 1:
        raise UserError(
            "{address} holds {count} artifacts whose id starts with {id}",
            "`danlu pull --list` lists them; `danlu push` sends one.",
            address=remote.address,
            count=len(found),
            id=start,
        )
    with told(remote.address):
        text = remote.fs.cat_file(remote.pointer(found[0]))
    try:
        said = yaml.safe_load(text)
        about = said["meta"]["danlu"]
        return Pointer(about["id"], about["stage"], said["outs"][0]["md5"], tuple(about["parents"]))
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, IndexError):
        raise WorkFailed(
            "{address}: the entry of {id} is damaged",
            "Push the artifact again from where it was made.",
            address=remote.address,
            id=found[0],
        ) from None


def pull(pointer: Pointer, remote: Remote, folder: Path, progress: Progress) -> Manifest:
    """Fetch an artifact into `folder`, which is empty or holds a part of it.

    Raises UserError when the folder holds something else, WorkFailed when the remote lacks a file or holds a damaged one.
    """
    entries = _entries(remote, pointer)
    _refuse_foreign(folder, entries)
    content = sorted(name for name in entries if name != MANIFEST)
    for number, name in enumerate(content):
        _fetch(remote, entries[name], folder / name)
        progress.advance(number + 1, len(content), name)
    half = folder / f"{MANIFEST}.pulled"
    _fetch(remote, entries[MANIFEST], half)
    text = half.read_text(encoding="utf-8")
    half.unlink()
    return _checked(folder, pointer, text)


def _checked(folder: Path, pointer: Pointer, text: str) -> Manifest:
    facts = json.loads(text)
    manifest = Manifest(**{**facts, "licences": tuple(facts["licences"])})
    whole = hash_content(folder, FACTS_FILES) == manifest.content_hash
    if not whole or manifest.identity() != manifest.id or manifest.id != pointer.id:
        raise WorkFailed(
            "What came for {id} does not have the content hash of its manifest",
            "Push the artifact again from where it was made, then delete {folder} and pull it.",
            id=pointer.id,
            folder=folder,
        )
    write_atomically(folder / MANIFEST, text)
    return manifest


def _entries(remote: Remote, pointer: Pointer) -> dict[str, str]:
    """MD5 by relative path, from the object that lists the folder."""
    listing = _got(remote, pointer.md5, lambda path: remote.fs.cat_file(path))
    if hashlib.md5(listing, usedforsecurity=False).hexdigest() != pointer.md5.removesuffix(".dir"):
        raise _damaged(remote, pointer.md5)
    entries: dict[str, str] = {entry["relpath"]: entry["md5"] for entry in json.loads(listing)}
    outside = [name for name in entries if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts]
    if outside or MANIFEST not in entries:
        raise _damaged(remote, pointer.md5)
    return entries


def _refuse_foreign(folder: Path, entries: dict[str, str]) -> None:
    known = {*entries, f"{MANIFEST}.pulled", *(f"{name}.half" for name in entries)}
    lying = (
        [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
    )
    if (folder.exists() and not folder.is_dir()) or any(name not in known for name in lying):
        raise UserError("{out} holds something else already", "Name a new folder after --out.", out=folder)


def _fetch(remote: Remote, md5: str, to: Path) -> None:
    """One file, unless it lies there already."""
    if to.is_file() and _md5(to) == md5:
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    half = to.with_name(f"{to.name}.half")
    _got(remote, md5, lambda path: remote.fs.get_file(path, str(half)))
    if _md5(half) != md5:
        half.unlink()
        raise _damaged(remote, md5)
    half.replace(to)


def _got(remote: Remote, md5: str, get: Callable[[str], Any]) -> Any:
    with told(remote.address):
        try:
            return get(remote.objects.oid_to_path(md5))
        except FileNotFoundError:
            raise WorkFailed(
                "{address} lacks the object {md5}",
                "Push the artifact again from where it was made.",
                address=remote.address,
                md5=md5,
            ) from None


def _damaged(remote: Remote, md5: str) -> WorkFailed:
    return WorkFailed(
        "{address} holds a damaged object: {md5}",
        "Delete it there, and push the artifact again from where it was made.",
        address=remote.address,
        md5=md5,
    )


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
