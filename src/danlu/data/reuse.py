"""Take finished pieces of a stage's work from earlier artifacts of the same stage, so that what did not change costs nothing.

Each artifact keeps `shards.json`: for every piece, a key over all that shaped it, the parts that it became and their
SHA-256. A later artifact whose piece has the same key links those parts into its own folder (a hard link: no byte is copied),
after reading them once to verify the hash. The file follows from the content alone: made anew or taken over, it is the same.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.artifacts import MANIFEST
from danlu.core.hashing import hash_file
from danlu.text.records import part_name

SHARDS = "shards.json"
HASHES = "hashes.json"
"""Beside the tables of a finished part: their SHA-256, by file name."""
FACTS = "facts.json"
"""Beside them too: the counts and licences of the part."""


def seal(part: Path) -> None:
    """Write the hashes of a finished part's tables beside them. Runs in the worker that wrote the part."""
    hashes = {path.stem: hash_file(path) for path in sorted(part.glob("*.parquet"))}
    (part / HASHES).write_text(json.dumps(hashes), encoding="utf-8")


def note(folder: Path, pieces: Sequence[tuple[str, Sequence[Path]]]) -> None:
    """Write `shards.json` of an artifact: each piece's key and sealed parts, in the order in which they are gathered.

    Pieces of one key are the same, and one of them is noted.
    """
    number, noted = 0, {}
    for key, parts in pieces:
        noted[key] = {"first": number, "parts": [_described(part) for part in parts]}
        number += len(parts)
    text = json.dumps(noted, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (folder / SHARDS).write_text(text + "\n", encoding="utf-8")


def _described(part: Path) -> dict[str, Any]:
    files = ((part / name).read_text(encoding="utf-8") for name in (FACTS, HASHES))
    facts, hashes = map(json.loads, files)
    return {"facts": facts, "sha256": hashes}


@dataclass(frozen=True)
class Earlier:
    """The finished pieces of the artifacts beside a folder, by key."""

    pieces: Mapping[str, tuple[Path, Mapping[str, Any]]]

    @classmethod
    def beside(cls, folder: Path) -> "Earlier":
        """What the finished artifacts hold that lie in the same folder as `folder`."""
        pieces: dict[str, tuple[Path, Mapping[str, Any]]] = {}
        for path in sorted(folder.parent.glob(f"*/{SHARDS}")):
            if path.parent != folder and (path.parent / MANIFEST).exists():
                pieces |= {key: (path.parent, piece) for key, piece in _noted(path).items()}
        return cls(pieces)

    def take(self, key: str, place: Callable[[int], Path]) -> bool:
        """Link the parts of the piece `key` into the folders that `place` names, and say whether all of them are there.

        A part that is not what it was, or lies on another disk, is not taken: the piece has to be made again.
        """
        if key not in self.pieces:
            return False
        folder, piece = self.pieces[key]
        return all(
            _linked(folder, piece["first"] + number, part, place(number)) for number, part in enumerate(piece["parts"])
        )


def _noted(path: Path) -> Mapping[str, Any]:
    """The pieces that an artifact noted; none where the file is damaged, for then they are made again."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _linked(folder: Path, number: int, part: Mapping[str, Any], into: Path) -> bool:
    into.mkdir(parents=True, exist_ok=True)
    for table, sha256 in part["sha256"].items():
        source, target = folder / table / part_name(number), into / f"{table}.parquet"
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:  # gone, or another file system
            return False
        if hash_file(target) != sha256:
            target.unlink()
            return False
    (into / HASHES).write_text(json.dumps(part["sha256"]), encoding="utf-8")
    (into / FACTS).write_text(json.dumps(part["facts"]), encoding="utf-8")
    return True
