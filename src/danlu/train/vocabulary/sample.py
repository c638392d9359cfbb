"""Which documents a vocabulary learns from, and which measure it: drawn by document id, language by language.

A document's draw follows from the seed and its id, so the choice does not change with the order of the parts, and a corpus that grows
keeps most of it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from danlu.core.errors import WorkFailed
from danlu.text.tables import read_groups
from danlu.train.vocabulary.config import TokenizerConfig

_HELD_BYTES = 10**6
_MB = 10**6


@dataclass(frozen=True)
class Sample:
    """Documents of a corpus by what they are for."""

    documents: int
    train: dict[str, list[str]]
    """doc_ids by language."""
    held: dict[str, list[str]]
    """doc_ids by language; those of `train` where a language has one document."""
    licences: tuple[str, ...]

    @property
    def only_trained(self) -> tuple[str, ...]:
        """Languages of one document, which is measured although it was learnt from."""
        return tuple(language for language, ids in self.held.items() if set(ids) & set(self.train[language]))

    @property
    def trained(self) -> int:
        """Documents learnt from."""
        return sum(map(len, self.train.values()))

    @property
    def held_out(self) -> int:
        """Documents that measure and were not learnt from."""
        return sum(len(ids) for language, ids in self.held.items() if language not in self.only_trained)

    def counts(self) -> dict[str, int]:
        """What became of every document."""
        unused = self.documents - self.trained - self.held_out
        return {
            "documents": self.documents,
            "learnt from": self.trained,
            "held out": self.held_out,
            "not needed": unused,
        }


def draw_sample(parts: Sequence[Path], config: TokenizerConfig, seed: int) -> Sample:
    """Draw from a corpus; raises WorkFailed when it has no text."""
    by_language: dict[str, list[tuple[bytes, str, int]]] = {}
    licences: set[str] = set()
    documents = 0
    for part in parts:
        for table in read_groups(part, ["doc_id", "text", "language", "licence"]):
            licences |= set(pc.unique(table["licence"]).to_pylist())
            documents += table.num_rows
            sizes = pc.binary_length(table["text"]).to_pylist()
            for doc_id, language, size in zip(
                table["doc_id"].to_pylist(), table["language"].to_pylist(), sizes, strict=True
            ):
                if size:
                    by_language.setdefault(language, []).append((_draw(seed, doc_id), doc_id, size))
    if not by_language:
        raise WorkFailed("the documents hold no text", "A vocabulary is learnt from text: see what was rejected.")
    total = sum(size for found in by_language.values() for _, _, size in found)
    share = min(1.0, config.max_mb * _MB / total)
    train, held = {}, {}
    for language in sorted(by_language):
        train[language], held[language] = _parted(sorted(by_language[language]), config.held_out_share, share)
    return Sample(documents, train, held, tuple(sorted(licences)))


def _draw(seed: int, doc_id: str) -> bytes:
    return hashlib.sha256(f"{seed}:{doc_id}".encode()).digest()[:8]


def _parted(drawn: list[tuple[bytes, str, int]], held_share: float, share: float) -> tuple[list[str], list[str]]:
    """The documents that train and those that measure, of one language's in the order of their draws."""
    if len(drawn) == 1:
        return [drawn[0][1]], [drawn[0][1]]
    wanted, taken, held = max(1, int(len(drawn) * held_share)), 0, 0
    while held < wanted and (held == 0 or taken + drawn[held][2] <= _HELD_BYTES):
        taken += drawn[held][2]
        held += 1
    most, taken = share * sum(size for _, _, size in drawn), 0
    train: list[str] = []
    for _, doc_id, size in drawn[held:]:
        if train and taken + size > most:
            continue
        train.append(doc_id)
        taken += size
    return train, [doc_id for _, doc_id, _ in drawn[:held]]


def texts_of(parts: Sequence[Path], doc_ids: Sequence[str]) -> Iterator[pa.Array]:
    """The texts of some documents, a row group at a time, as Arrow strings."""
    wanted = pa.array(sorted(doc_ids), pa.string())
    for part in parts:
        for table in read_groups(part, ["doc_id", "text"]):
            found = table.filter(pc.is_in(table["doc_id"].cast(pa.string()), value_set=wanted))
            if found.num_rows:
                yield found["text"].combine_chunks().cast(pa.large_string())
