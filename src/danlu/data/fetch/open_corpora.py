"""Shards of open corpora by number: C4 (Raffel et al. 2020, as AllenAI publishes it) and The Pile (Gao et al. 2020).

C4 is a data set on Hugging Face, pinned and checked like any other. The Pile's own host is gone; its mirrors keep the
numbering `train/00.jsonl.zst` to `train/29.jsonl.zst`, and which mirror is a setting.
"""

import re
from dataclasses import dataclass

from pydantic import Field

from danlu.core.errors import UserError
from danlu.core.stages import Config
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.hub import Listing

C4 = "allenai/c4"
_C4_SHARD = re.compile(
    r"(?:multilingual/c4-)?(?P<part>[\w.-]+?)(?:/c4-train|\.tfrecord|-train)[.-](?P<number>\d{5})-of-\d{5}"
)
_RANGE = re.compile(r"(?:(?P<part>[A-Za-z][\w.-]*)/)?(?P<first>\d+)(?:-(?P<last>\d+))?")
_PILE_SHARDS = 30


class PileConfig(Config):
    """Where The Pile is."""

    url: str = Field("https://huggingface.co/datasets/monology/pile-uncopyrighted/resolve/main", min_length=8)
    """The folder that holds `train/00.jsonl.zst`: this mirror leaves out the parts under copyright."""


@dataclass(frozen=True)
class Shards:
    """Numbers of shards, the last one included; `part` is a language or a variant."""

    part: str | None
    first: int
    last: int

    @classmethod
    def of(cls, text: str, scheme: str) -> "Shards":
        """Read `en/00000-00003`, `00-02` or `7`; raises UserError."""
        match = _RANGE.fullmatch(text)
        first = int(match["first"]) if match else 0
        last = int(match["last"] or first) if match else -1
        if match is None or last < first:
            raise UserError(
                "{source} names no shards",
                "For example c4:en/00000-00003, c4:zh/00000, pile:00-02.",
                source=f"{scheme}:{text}",
            )
        return cls(match["part"], first, last)


def c4_shards(listing: Listing, shards: Shards) -> tuple[RemoteFile, ...]:
    """The files of some shards: `en`, `en.noblocklist`, `realnewslike`, or a language of mC4 such as `zh`."""
    wanted = shards.part or "en"
    known: set[str] = set()
    found = []
    for file in listing.files:
        match = _C4_SHARD.match(file.path)
        if match is None:
            continue
        known.add(match["part"])
        if match["part"] == wanted and shards.first <= int(match["number"]) <= shards.last:
            found.append(file)
    if len(found) != shards.last - shards.first + 1:
        raise UserError(
            "C4 has {found} of the {count} shards of {part} that were asked for",
            "Its parts are: {known}.",
            found=len(found),
            count=shards.last - shards.first + 1,
            part=wanted,
            known=", ".join(sorted(known)),
        )
    return tuple(sorted(found, key=lambda file: file.path))


def pile_shards(config: PileConfig, shards: Shards) -> tuple[RemoteFile, ...]:
    """The files of some shards of The Pile; raises UserError for a number that it does not have."""
    if shards.last >= _PILE_SHARDS or shards.part not in (None, "train"):
        raise UserError("The Pile has the shards 00 to 29", "For example pile:00-02.")
    names = [f"train/{number:02d}.jsonl.zst" for number in range(shards.first, shards.last + 1)]
    return tuple(RemoteFile(name, f"{config.url.rstrip('/')}/{name}") for name in names)
