"""Held-out documents scored by a model: bits per byte, language by language.

Bits per byte compares models with different vocabularies: nats of a document's tokens, its end included, / ln 2 / its bytes
in UTF-8. A row holds one document alone, and a long one goes on in further rows, each with a few tokens before it as
context (lm-evaluation-harness's rolling windows have one). So every token is scored once, except a document's first, which
nothing stands before: its bytes are not counted either.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.loop.batches import micro_batches
from danlu.loop.feed import WHOLE, Part
from danlu.loop.permutation import Permutation
from danlu.loop.shards import Shards
from danlu.loop.token_batch import TokenBatch
from danlu.text.tables import read_groups

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class ScoredRow:
    """A stretch of one document; the tokens of its context are not under the loss."""

    document: int
    """Its number in the shards."""
    ids: I64
    loss_mask: NDArray[np.bool_]


@dataclass(frozen=True)
class BitsPerByte:
    """The score of some documents."""

    bits_per_byte: float
    documents: int
    tokens: int
    """Scored."""
    bytes: int
    """Of the texts, UTF-8, without each document's first token."""


def scored_rows(
    shards: Shards, documents: Sequence[int], sequence_tokens: int, context_tokens: int = 1
) -> Iterator[ScoredRow]:
    """Rows of at most `sequence_tokens` that hold these documents whole, in order; `context_tokens` from 1 to below a row."""
    assert 1 <= context_tokens < sequence_tokens, "a row needs a token of context and one to score"
    lengths_N = shards.lengths()
    for document in documents:
        start, length = 0, int(lengths_N[document])
        while start < length:
            before = min(start, context_tokens)
            size = min(sequence_tokens - before, length - start) + before
            ids = shards.ids(document, start - before, size)
            loss_mask = shards.loss_mask(document, start - before, size)
            loss_mask[: max(before, 1)] = False
            yield ScoredRow(document, ids, loss_mask)
            start += size - before


class HeldOutFeed:
    """Documents to score as steps, each of one language: a learner that only gives sums can score every language."""

    def __init__(
        self,
        shards: Shards,
        *,
        sequence_tokens: int,
        step_tokens: int,
        max_tokens: int | None = None,
        context_tokens: int = 1,
    ) -> None:
        """`step_tokens` are rows times the longest row, of a batch; `max_tokens` scores a sample of the documents, always the same."""
        self._shards, self._sequence_tokens, self._context_tokens = shards, sequence_tokens, context_tokens
        self._step_tokens = step_tokens
        self._bytes_N, self._languages_N = _read_documents(shards)
        self._lengths_N = shards.lengths()
        self._documents_S = list(self._cut(_sample(self._lengths_N, max_tokens)))

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self._documents_S)

    def language(self, step: int) -> str:
        """Of all documents of a step."""
        return str(self._languages_N[self._documents_S[step][0]])

    def rows(self, step: int) -> list[ScoredRow]:
        """The rows of a step."""
        return list(scored_rows(self._shards, self._documents_S[step], self._sequence_tokens, self._context_tokens))

    def batches(self, step: int, part: Part = WHOLE) -> list[TokenBatch]:
        """A worker's rows of a step, the longest first."""
        rows = part.of(sorted(self.rows(step), key=lambda row: -len(row.ids)))
        batches = micro_batches(range(len(rows)), [len(row.ids) for row in rows], self._step_tokens)
        return [TokenBatch.of([rows[at] for at in batch]) for batch in batches]

    def targets(self, step: int) -> int:
        """Tokens that the step scores."""
        return self._scored(self._documents_S[step])

    def tokens(self, step: int) -> int:
        """Tokens of the step's documents."""
        return int(self._lengths_N[self._documents_S[step]].sum())

    def bits_per_byte(self, nats_S: Sequence[float]) -> dict[str, BitsPerByte]:
        """The score by language, and under `all`, from the sum of nats of each step (over all workers)."""
        steps = {language: self._steps_of(language) for language in sorted(set(map(self.language, range(self.steps))))}
        return {language: self._score(nats_S, of) for language, of in ({"all": range(self.steps)} | steps).items()}

    def _steps_of(self, language: str) -> list[int]:
        return [step for step in range(self.steps) if self.language(step) == language]

    def _score(self, nats_S: Sequence[float], steps: Sequence[int]) -> BitsPerByte:
        documents = [document for step in steps for document in self._documents_S[step]]
        scored_bytes = int(self._bytes_N[documents].sum())
        bits = sum(nats_S[step] for step in steps) / log(2)
        per_byte = bits / scored_bytes if scored_bytes else float("nan")
        return BitsPerByte(float(per_byte), len(documents), self._scored(documents), scored_bytes)

    def _scored(self, documents: Sequence[int]) -> int:
        """Tokens of these documents under the loss, each one's first left out."""
        starts_N = self._shards.starts(np.array(documents))
        return int(self._shards.learnt(starts_N + 1, starts_N + self._lengths_N[documents]).sum())

    def _cut(self, documents_M: I64) -> Iterator[list[int]]:
        """Documents of one language and of like length together, the longest first."""
        for language in np.unique(self._languages_N[documents_M]):
            of_language = documents_M[self._languages_N[documents_M] == language]
            step: list[int] = []
            rows = 0
            for document in of_language[np.argsort(-self._lengths_N[of_language], kind="stable")].tolist():
                rows_of = -(-int(self._lengths_N[document]) // (self._sequence_tokens - self._context_tokens))
                longest = min(self._sequence_tokens, int(self._lengths_N[step[0] if step else document]))
                if step and (rows + rows_of) * longest > self._step_tokens:
                    yield step
                    step, rows = [], 0
                step.append(document)
                rows += rows_of
            yield step


def _sample(lengths_N: I64, max_tokens: int | None) -> I64:
    """The numbers of documents with at most so many tokens in all, at least one of them, from anywhere in the shards."""
    everywhere = np.arange(len(lengths_N))
    if max_tokens is None:
        return everywhere
    drawn = Permutation(len(lengths_N), ["held out"]).at(everywhere)
    fitting = int(np.searchsorted(np.cumsum(lengths_N[drawn]), max_tokens, side="right"))
    return np.sort(drawn[: max(1, fitting)])


def _read_documents(shards: Shards) -> tuple[I64, NDArray[np.str_]]:
    """Scored bytes and language of each document, by its number."""
    groups = list(read_groups(shards.folder / "documents", ["language", "text_bytes", "first_token_bytes"]))
    table = pa.concat_tables(groups)
    bytes_N = table["text_bytes"].to_numpy() - table["first_token_bytes"].to_numpy()
    return bytes_N.astype(np.int64), np.array(table["language"].to_pylist(), np.str_)
