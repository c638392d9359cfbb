"""Push: an artifact becomes a folder in a DVC remote, as `dvc push` would have sent it.

Objects that are there already are not sent again, so an interrupted push goes on where it stopped. The .dvc file that
names the folder is written last, to `danlu/<id>.dvc` in the remote: with it a colleague pulls by id, with danlu or with plain dvc.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from danlu.core.artifacts import Artifact
from danlu.core.errors import WorkFailed
from danlu.core.progress import Progress
from danlu.data.remote.address import Remote
from danlu.data.remote.failures import told


@dataclass(frozen=True)
class Pushed:
    """What became of one artifact."""

    artifact: Artifact
    already_there: bool
    files: int
    size_bytes: int


def push(artifact: Artifact, remote: Remote, progress: Progress) -> Pushed:
    """Send one artifact. Raises WorkFailed when it is damaged here, or when the remote does not take it."""
    if not artifact.content_is_intact():
        raise WorkFailed(
            "{folder} is damaged: its files are not those of its manifest",
            "Delete the folder and make it again: by `danlu run` in a project, else by the command that wrote it.",
            folder=artifact.path,
        )
    with told(remote.address):
        staging, folder = _staged(artifact.path, remote)
        files, size_bytes = len(folder), sum(meta.size for _, (meta, _) in folder.iteritems())
        pointer = _pointer(artifact, folder.hash_info.value, files, size_bytes)
        if _has(remote, artifact.id, pointer):
            return Pushed(artifact, True, files, size_bytes)
        _send(staging, folder, remote, progress)
        _write(remote, artifact.id, pointer)
    return Pushed(artifact, False, files, size_bytes)


def _staged(folder: Path, remote: Remote) -> tuple[Any, Any]:
    """The objects of a folder by their MD5, which DVC names them by; nothing is copied."""
    from dvc_data.hashfile.build import build
    from dvc_objects.fs.local import LocalFileSystem

    local = LocalFileSystem()  # type: ignore[no-untyped-call]
    staging, _, tree = build(remote.objects, str(folder.resolve()), local, "md5")
    return staging, tree


def _send(staging: Any, folder: Any, remote: Remote, progress: Progress) -> None:
    from dvc_data.hashfile.transfer import transfer

    progress.advance(0, len(folder), remote.address)
    result = transfer(staging, remote.objects, {folder.hash_info}, shallow=False)
    if result.failed:
        raise WorkFailed(
            "{count} of {all} files did not reach {address}",
            "Run the same again: what has arrived is not sent twice.",
            count=len(result.failed),
            all=len(folder),
            address=remote.address,
        )


def _pointer(artifact: Artifact, md5: str, files: int, size_bytes: int) -> dict[str, Any]:
    """A .dvc file; `meta` is the part of it that DVC leaves to its users."""
    manifest = artifact.manifest
    out = {"md5": md5, "size": size_bytes, "nfiles": files, "hash": "md5", "path": f"{manifest.stage}-{artifact.id}"}
    about = {"id": artifact.id, "stage": manifest.stage, "kind": manifest.kind, "content_hash": manifest.content_hash}
    return {"outs": [out], "meta": {"danlu": about | {"parents": sorted(set(manifest.parents.values()))}}}


def _has(remote: Remote, id: str, pointer: dict[str, Any]) -> bool:
    """Whether the remote names this very folder under the id, and holds its listing, which is sent after all files."""
    if not remote.fs.exists(remote.pointer(id)):
        return False
    same = yaml.safe_load(remote.fs.cat_file(remote.pointer(id))) == pointer
    return same and bool(remote.objects.exists(pointer["outs"][0]["md5"]))


def _write(remote: Remote, id: str, pointer: dict[str, Any]) -> None:
    path = remote.pointer(id)
    with tempfile.TemporaryDirectory(prefix="danlu-push-") as folder:
        local = Path(folder) / "pointer"
        local.write_text(yaml.safe_dump(pointer, sort_keys=False), encoding="utf-8")
        remote.fs.makedirs(remote.fs.parent(path), exist_ok=True)
        remote.fs.put_file(str(local), path)
