"""Passages of `tokens` tokens and more that stand twice, wherever they begin: found exactly, and all but the first cut.

Lee et al. 2022 (arXiv 2107.06499) show what such passages do to a language model and find them with a suffix array of the whole
corpus. That needs 8 to 9 bytes of memory or a merge of sorted suffixes for each byte of text, in one place. Here work goes part by
part, and what repeats is told before anything is sorted in full:

1. A passage is named by its anchor, the smallest hash among the runs of half its length (winnowing, Schleimer, Wilkerson & Aiken 2003,
   doi 10.1145/872757.872770). Equal passages have equal anchors, and of 27 tokens two begin one: 0.6 bytes a token go to disk.
2. Anchors that stand once are dropped. Of the passages whose anchor is left, 16 bytes go to disk, sorted by hash; again
   those that stand once are dropped. The rest is numbered.
3. Documents are settled from the first to the last (passage_settling.py). A passage goes when it stands whole in text that stays,
   of an earlier document or earlier in this one without overlap; passages that overlap go together, so that the longest match is cut.
   A document with too little left goes, and nothing is cut for what stood in it.
4. Where it is cut, every token is compared once more (passage_cuts.py): two passages with one hash of 64 bits are both kept.

So what is cut stands, whole, in what is kept; and no passage of as many tokens stands twice in what is kept, but in a document that
others went for and that would have too little left. What a cut brings together counts as no passage. A suffix array would
find the same; it would not be cheaper where most text stands once, and it would not settle who keeps what.

Memory: 8 bytes for each passage that repeats, and some 200 MB. Disk: 8 bytes an anchor, and 20 bytes a token of documents that may have
a repeated passage with 16 more for each of these.

Letters in shapes: D documents, R matches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.data.deduplicate.outcome import Outcome
from danlu.data.deduplicate.passage_parts import Anchors, PartPassages, write_part
from danlu.data.deduplicate.passage_settling import settle_parts
from danlu.data.deduplicate.ranges import hash_ranges
from danlu.data.deduplicate.repeats import Repeats
from danlu.data.deduplicate.sketches import batches
from danlu.text.shingles import I64, hash_arrow_tokens
from danlu.text.tables import read_groups


@dataclass(frozen=True)
class Passages:
    """What is looked for, and its files in a folder."""

    tokens: int
    least_left: int
    """Tokens that a document must have left."""
    folder: Path

    @property
    def anchors(self) -> Anchors:
        """How passages of this length are named."""
        return Anchors(self.tokens, self.folder / "anchors.npy")

    @property
    def settled(self) -> Path:
        """The decisions; the folder gets its name when all are made."""
        return self.folder / "settled"

    def part(self, number: int) -> PartPassages:
        """What was found in one part of the corpus."""
        return PartPassages(self.folder / f"part-{number:05}")

    def matches(self, number: int) -> I64:
        """Of one part (R, 3): first token and the one past the last, in the part's tokens, and where the same stands that stays."""
        return np.asarray(np.load(self.settled / f"matches-{number:05}.npy", mmap_mode="r"))

    def left(self, number: int) -> I64:
        """How many tokens each document of a part keeps, and whether it goes for it (D, 2)."""
        return np.asarray(np.load(self.settled / f"left-{number:05}.npy", mmap_mode="r"))

    def starts(self) -> I64:
        """Where the tokens of each part begin, counted over all parts, and how many there are."""
        return np.asarray(np.load(self.settled / "starts.npy"))


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path
    number: int


def find_passages(
    work: Work, parts: Sequence[Path], outcome: Outcome, repeats: Sequence[Repeats], passages: Passages
) -> None:
    """Fill the folder of `passages` from the documents that stay, and from what `repeats` leaves of them."""
    if passages.settled.exists():
        return
    passages.folder.mkdir(exist_ok=True)
    shards = [_Shard(path, passages.folder / f"anchors-{number:05}.npy", number) for number, path in enumerate(parts)]
    finish(work, partial(_collect_anchors, outcome, passages), shards)
    if not passages.anchors.known.exists():
        _keep_repeated(passages.anchors.known, [shard.outcome for shard in shards])
    shards = [_Shard(path, passages.part(number).folder, number) for number, path in enumerate(parts)]
    finish(work, partial(_collect_passages, outcome, repeats, passages.anchors), shards)
    found = [passages.part(number) for number in range(len(parts))]
    settle_parts(passages.settled, found, outcome, passages.tokens, passages.least_left)


def _collect_anchors(outcome: Outcome, passages: Passages, shard: _Shard) -> None:
    """The anchors of one part's documents that stay, sorted."""
    position, found = outcome.start(shard.number), [np.empty(0, np.uint64)]
    for group in read_groups(shard.source, ["text"]):
        for batch in batches(group):
            stays = outcome.stays(position, batch.num_rows)
            position += batch.num_rows
            if stays.any():
                found.append(passages.anchors.of(hash_arrow_tokens(batch.filter(stays)["text"]))[0])
    half = shard.outcome.with_suffix(".half.npy")
    np.save(half, np.sort(np.concatenate(found)))
    half.rename(shard.outcome)


def _keep_repeated(known: Path, files: Sequence[Path]) -> None:
    anchors = [np.load(file, mmap_mode="r") for file in files]
    found = [np.empty(0, np.uint64)]
    for slices in hash_ranges(anchors):
        joined = np.sort(np.concatenate([file[cut] for file, cut in zip(anchors, slices, strict=True)] or found[:1]))
        found.append(np.unique(joined[1:][joined[1:] == joined[:-1]]))
    half = known.with_suffix(".half.npy")
    np.save(half, np.concatenate(found))
    half.rename(known)


def _collect_passages(outcome: Outcome, repeats: Sequence[Repeats], anchors: Anchors, shard: _Shard) -> None:
    write_part(shard.source, PartPassages(shard.outcome), shard.number, outcome, repeats, anchors)
