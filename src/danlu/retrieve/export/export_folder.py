"""A folder that is written for other programs: it appears whole, or not at all, and never in place of somebody's files."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from shutil import rmtree

from danlu.core.errors import UserError

_MANIFEST = "manifest.json"
_HALF, _OLD = "half", "old"


def check_free(out: Path, format: str) -> None:
    """Raises UserError unless `out` is missing, empty, or an earlier export of this format to which nothing was added."""
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or _is_export(out, format))):
        raise UserError("{out} holds something else already", "Name a new folder.", out=out)


@contextmanager
def put_whole(out: Path, format: str) -> Iterator[Path]:
    """Gives a folder to write to; at the end its bytes are on the disk, and then it is `out`, by a rename.

    An earlier export in its place is deleted after that. Left by an exception, nothing of it stays; what a kill left is put right here.
    """
    out = out.resolve()
    _mend(out)
    half, old = (out.with_name(f".{out.name}.danlu-{os.getpid()}.{part}") for part in (_HALF, _OLD))
    half.mkdir(parents=True)
    try:
        yield half
        for path in filter(Path.is_file, half.rglob("*")):
            with path.open("rb") as file:
                os.fsync(file.fileno())
        check_free(out, format)
        if out.exists():
            out.rename(old)
        half.rename(out)
    finally:
        rmtree(half, ignore_errors=True)
    rmtree(old, ignore_errors=True)


def _mend(out: Path) -> None:
    """After a kill: an earlier export that was about to be replaced comes back, and half ones go. Those of processes alive stay."""
    for path in sorted(out.parent.glob(f".{escape(out.name)}.danlu-*.*")):
        process, _, part = path.name.removeprefix(f".{out.name}.danlu-").partition(".")
        if not process.isdecimal() or part not in (_HALF, _OLD) or _is_alive(int(process)):
            continue
        if part == _OLD and not out.exists():
            path.rename(out)
        else:
            rmtree(path)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def _is_export(folder: Path, format: str) -> bool:
    """Whether its manifest is of this format and names every other file in it."""
    try:
        said = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        names = {_MANIFEST, *said["files"]}
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
        return bool(said["format"] == format and found <= names)
    except (OSError, ValueError, KeyError, TypeError):
        return False
