"""Which side the pairs of a document are on."""

import hashlib
import json
from collections.abc import Callable

from danlu.core.artifacts import Corpus
from danlu.data.split.parted import SIDES_FILE


def side_of(documents: Corpus, held_out_share: float, seed: int) -> Callable[[str, str], str]:
    """From (part, family) to `train` or `held_out`: the side of a split corpus; else by a hash of the family.

    The hash keeps variants with their parents, not copies under other names: split the corpus first where there are any.
    """
    listing = documents.path / SIDES_FILE
    if listing.is_file():
        sides: dict[str, list[str]] = json.loads(listing.read_text(encoding="utf-8"))
        training = frozenset(sides["train"])
        return lambda part, _: "train" if part in training else "held_out"
    return lambda _, family: "held_out" if _share(f"{seed}:{family}") < held_out_share else "train"


def _share(key: str) -> float:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big") / 2**64
