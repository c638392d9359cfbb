"""The write-once store: a stage's folder becomes an artifact when its manifest appears, written last.

A project keeps artifacts under `.danlu/artifacts/<stage>/<id>/`. A folder without a manifest is work that was
interrupted: it is resumed when its stage can resume, and emptied or swept otherwise.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from danlu.core.artifacts import FACTS_FILES, KINDS, MANIFEST, RUN, Artifact, Manifest
from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.hashing import hash_content
from danlu.core.stages import Step

SCRATCH = ".work"
_OWNER = "artifact-id"
"""Inside the scratch folder: whose unfinished work this is. Nothing else is ever taken for ours."""

A = TypeVar("A", bound=Artifact)


def open_artifact(folder: Path, kind: type[A] | None = None) -> A:
    """Open the artifact in `folder`; raises UserError when it is none, or not of `kind`."""
    if not (folder / MANIFEST).exists():
        raise UserError(
            "{folder} is not an artifact: it has no manifest.json",
            "Name a folder that a danlu stage wrote; in a project `danlu run` makes what is missing.",
            folder=folder,
        )
    try:
        manifest = Manifest.read(folder)
        made = KINDS[manifest.kind]
    except (ValueError, TypeError, KeyError):
        raise UserError(
            "{folder} has a damaged manifest.json", "Delete the folder, then `danlu run` again.", folder=folder
        ) from None
    if kind is not None and made is not kind:
        raise UserError(
            "{folder} holds a {made}, and a {wanted} is needed here",
            folder=folder,
            made=manifest.kind,
            wanted=kind.__name__,
        )
    return made(folder, manifest)  # type: ignore[return-value]


@dataclass(frozen=True)
class Store:
    """Artifacts by stage and id below `root`."""

    root: Path

    def folder(self, step: Step[Any], id: str) -> Path:
        """Where the artifact `id` of `step` lies, or will lie."""
        return self.root / step.stage.name / id

    def find(self, id: str) -> Artifact:
        """The artifact whose id starts with `id`; raises UserError when there is none or more than one."""
        found = [
            path.parent for path in sorted(self.root.glob(f"*/*/{MANIFEST}")) if id and path.parent.name.startswith(id)
        ]
        if len(found) != 1:
            what = Phrase("No artifact has" if not found else "Several artifacts have")
            raise UserError("{what} an id that starts with {id}", "`danlu show` lists them.", what=what, id=id)
        return open_artifact(found[0])

    def all(self) -> list[Artifact]:
        """Every artifact, by stage and id."""
        return [open_artifact(path.parent) for path in sorted(self.root.glob(f"*/*/{MANIFEST}"))]

    def sweep(self, keep: Collection[Path]) -> None:
        """Delete interrupted work, except for the folders in `keep`, which a plan may still resume."""
        for folder in self.root.glob("*/*"):
            if folder.is_dir() and not (folder / MANIFEST).exists() and folder not in keep:
                shutil.rmtree(folder)


@dataclass(frozen=True)
class Beside:
    """A store for one stand-alone stage: its artifact goes to `out`, what comes before it below `scratch`."""

    out: Path
    target: Step[Any]
    id: str
    scratch: Path

    def folder(self, step: Step[Any], id: str) -> Path:
        """`out` for the target, a scratch folder for what leads to it."""
        return self.out if step is self.target else self.scratch / step.stage.name / id

    def sweep(self, keep: Collection[Path]) -> None:
        """Refuse an output folder that holds something else; nothing is swept here."""
        if self.out.exists() and not self._is_ours():
            raise UserError("{out} holds something else already", "Name a new folder after --out.", out=self.out)

    def _is_ours(self) -> bool:
        """Whether the folder is empty, holds this very artifact, or unfinished work: of this one, or before the input was corrected."""
        if not self.out.is_dir():
            return False
        if (self.out / MANIFEST).exists():
            return Manifest.read(self.out).id == self.id
        return (self.out / SCRATCH / _OWNER).exists() or not any(self.out.iterdir())


def is_resumed(folder: Path, id: str) -> bool:
    """Whether the unfinished work in `folder` is that of the artifact `id`."""
    owner = folder / SCRATCH / _OWNER
    return owner.exists() and owner.read_text(encoding="utf-8") == id


def begin(folder: Path, resumable: bool, id: str = "") -> Path:
    """Prepare the folder of a stage that will run, and return its scratch folder.

    Only the scratch of a resumable stage survives an interruption, and only for the same artifact: any other file may be
    half written, or have been made by a stage that got further than its next run will, and would enter the content hash.
    """
    scratch, owner = folder / SCRATCH, folder / SCRATCH / _OWNER
    resumed = resumable and is_resumed(folder, id)
    scratch.mkdir(parents=True, exist_ok=True)
    for path in list(folder.iterdir()):
        if not path.is_dir():
            path.unlink()
        elif path != scratch or not resumed:
            shutil.rmtree(path)
    scratch.mkdir(exist_ok=True)
    owner.write_text(id, encoding="utf-8")
    return scratch


def commit(folder: Path, manifest_without_hash: Manifest, run: dict[str, Any]) -> Manifest:
    """Turn a finished folder into an artifact: content hash, run.json, then the manifest by an atomic rename."""
    _check_conservation(manifest_without_hash)
    shutil.rmtree(folder / SCRATCH)
    for path in folder.rglob("*"):
        if path.is_file():
            sync(path)
    content = hash_content(folder, FACTS_FILES)
    manifest = Manifest(**{**vars(manifest_without_hash), "content_hash": content})
    (folder / RUN).write_text(json.dumps(run, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    write_atomically(folder / MANIFEST, manifest.to_json())
    return manifest


def _check_conservation(manifest: Manifest) -> None:
    counts = manifest.counts
    if "input" in counts and counts["kept"] + counts["rejected"] != counts["input"]:
        raise WorkFailed(
            "{stage} lost documents: {kept} kept + {rejected} rejected is not {input} read",
            "This is a defect of danlu: please report it with the project's .danlu folder.",
            stage=manifest.stage,
            **{name: counts[name] for name in ("kept", "rejected", "input")},
        )


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader, or a machine that lost power, sees the old one or the new one, whole."""
    half = path.with_name(path.name + ".half")
    half.write_text(text, encoding="utf-8")
    sync(half)
    half.replace(path)
    sync(path.parent)


def link(source: Path, to: Path) -> None:
    """The same file in another place, without a second copy where the file system can."""
    to.unlink(missing_ok=True)
    try:
        os.link(source, to)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, to)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the project's writer lock; raises UserError when another run holds it.

    Children do not inherit the lock: Python opens files close-on-exec, and workers are spawned, never forked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "Another danlu run is writing to {folder}", "Wait for it to end, or stop it.", folder=folder
            ) from None
        yield
