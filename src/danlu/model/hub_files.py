"""What a hub says of a model, and which of its files are fetched: weights as safetensors, settings as JSON, tokenizer files.

Weights in pickle form are never fetched: reading them can run any code
(https://docs.python.org/3/library/pickle.html, "Warning").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from danlu.core.errors import UserError
from danlu.model.checkpoint_files import FOLDER_FILES

_WEIGHTS = re.compile(r"model(?:-\d+-of-\d+)?\.safetensors")
_PICKLES = re.compile(r"(?:.*\.(?:bin|pt|pth|ckpt|msgpack|h5))")


@dataclass(frozen=True)
class HubFile:
    """One file of a model, with what its hub says of its content."""

    name: str
    size_bytes: int
    sha256: str = ""
    git_sha1: str = ""
    """The name that git gives a file of this content; Hugging Face says it of small files."""


@dataclass(frozen=True)
class Listing:
    """A model as its hub has it at one commit."""

    revision: str
    licence: str
    files: tuple[HubFile, ...]


def chosen(spec: str, files: Sequence[HubFile]) -> tuple[HubFile, ...]:
    """The files that make the model, sorted by name. Raises UserError when it has no safetensors weights or no config.json."""
    by_name = {file.name: file for file in files}
    weights = [name for name in by_name if _WEIGHTS.fullmatch(name)]
    # A model in one file and the same in parts: the parts are a duplicate.
    weights = ["model.safetensors"] if "model.safetensors" in weights else weights
    if not weights:
        pickles = sorted(name for name in by_name if _PICKLES.fullmatch(name))
        raise UserError(
            "{spec} has no weights as safetensors; it has {found}",
            "Weights in pickle form can run any code when they are read, so they are never fetched. Convert them once where you"
            " trust them (save_pretrained writes safetensors), then name the folder: base: path:FOLDER",
            spec=spec,
            found=", ".join(pickles[:3] or sorted(by_name)[:3]) or "-",
        )
    if "config.json" not in by_name:
        raise UserError("{spec} has no config.json", "a Hugging Face folder is expected", spec=spec)
    kept = {*weights, *(by_name.keys() & set(FOLDER_FILES))}
    return tuple(by_name[name] for name in sorted(kept))
