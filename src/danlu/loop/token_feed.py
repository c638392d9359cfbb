"""The steps of a pretraining: so many packed rows each, from one corpus or a mixture, shuffled anew in each epoch.

Which rows a step has follows from (seed, step) alone: the mixture says which corpus has the k-th sequence and how many it
had before, and a computed permutation which row that is. So a step is there at once, a resume is exact, and any number of
workers sees the same step. Each epoch of a corpus has every row of it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.loop import mixture, packing, permutation
from danlu.loop.feed import WHOLE, Part
from danlu.loop.mixture import Mixture
from danlu.loop.packed import PackedCorpus
from danlu.loop.permutation import Permutation
from danlu.loop.token_batch import TokenBatch

RULES = (("packing", packing.VERSION), ("permutation", permutation.VERSION), ("mixture", mixture.VERSION))
"""What decides the order of a training beside its inputs and the seed: for the identity of a stage."""
MAX_EPOCHS = 4.0
"""Up to four epochs teach almost as much as new data; more teach little ("Scaling Data-Constrained Language Models", Muennighoff et al. 2023)."""


@dataclass(frozen=True)
class Use:
    """How much of a corpus a training reads."""

    name: str
    rows: int
    sequences: int
    """Rows that are read, each as often as it is."""
    epochs: float
    padding: float
    """Share of the places of its rows that is empty."""
    cut_documents: int


class TokenFeed:
    """`steps` steps of `step_sequences` rows."""

    def __init__(
        self,
        corpora: Sequence[PackedCorpus],
        *,
        steps: int,
        step_sequences: int,
        micro_batch_sequences: int,
        seed: int,
        weights: Sequence[float] | None = None,
        max_epochs: float = MAX_EPOCHS,
    ) -> None:
        """`weights` are shares of the rows, in any unit; by default all corpora are read equally often.

        Raises UserError when the corpora do not belong together, or one would be read more than `max_epochs` times.
        """
        _check_tokenizers(corpora)
        self._corpora, self._steps, self._seed = corpora, steps, seed
        self._step_sequences, self._micro_batch_sequences = step_sequences, micro_batch_sequences
        self._mixture = Mixture.of(weights or [corpus.packing.rows for corpus in corpora], steps * step_sequences)
        self._check_epochs(max_epochs)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self._steps

    def uses(self) -> list[Use]:
        """What the whole training reads of each corpus."""
        counts = self._mixture.counts(self._steps * self._step_sequences).tolist()
        return [
            Use(
                corpus.name,
                corpus.packing.rows,
                count,
                count / corpus.packing.rows,
                corpus.packing.padding,
                corpus.packing.cut_documents,
            )
            for corpus, count in zip(self._corpora, counts, strict=True)
        ]

    def rows(self, step: int) -> list[tuple[int, int]]:
        """The corpus and the number of each row of a step, in the order in which they were drawn."""
        corpora_K, rows_K = self._drawn(step)
        return list(zip(corpora_K.tolist(), rows_K.tolist(), strict=True))

    def batches(self, step: int, part: Part = WHOLE) -> list[TokenBatch]:
        """A worker's rows of a step, the longest first. Only they are read."""
        corpora_K, rows_K = self._drawn(step)
        by_length = np.argsort(-self._of_rows(corpora_K, rows_K, "tokens"), kind="stable")
        mine = [self._corpora[corpora_K[at]].row(int(rows_K[at])) for at in part.of(by_length.tolist())]
        size = self._micro_batch_sequences
        return [TokenBatch.of(mine[at : at + size]) for at in range(0, len(mine), size)]

    def targets(self, step: int) -> int:
        """Tokens under the loss in the whole step."""
        return int(self._of_rows(*self._drawn(step), "targets").sum())

    def tokens(self, step: int) -> int:
        """Tokens of the whole step, padding left out."""
        return int(self._of_rows(*self._drawn(step), "tokens").sum())

    def _drawn(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The corpus and the row number of each sequence of a step."""
        corpora_K, numbers_K = self._mixture.sequences(step * self._step_sequences, self._step_sequences)
        rows_K = np.empty_like(numbers_K)
        for corpus in np.unique(corpora_K).tolist():
            rows = self._corpora[corpus].packing.rows
            epochs_K, places_K = np.divmod(numbers_K, rows)
            for epoch in np.unique(epochs_K[corpora_K == corpus]).tolist():
                at = np.flatnonzero((corpora_K == corpus) & (epochs_K == epoch))
                rows_K[at] = Permutation(rows, [self._seed, corpus, epoch]).at(places_K[at])
        return corpora_K, rows_K

    def _of_rows(self, corpora_K: NDArray[np.int64], rows_K: NDArray[np.int64], what: str) -> NDArray[np.int64]:
        """Tokens, or tokens under the loss, of these rows."""
        out_K = np.empty(len(rows_K), np.int64)
        for number in np.unique(corpora_K).tolist():
            at, corpus = np.flatnonzero(corpora_K == number), self._corpora[number]
            out_K[at] = (corpus.packing.tokens_R if what == "tokens" else corpus.targets_R)[rows_K[at]]
        return out_K

    def _check_epochs(self, max_epochs: float) -> None:
        for use in self.uses():
            if use.epochs > max_epochs:
                raise UserError(
                    "The corpus {name} has {rows} rows and would be read {epochs:.1f} times, more than max_epochs = {max_epochs:g}",
                    "Train fewer steps, give it a smaller weight or more documents, or raise max_epochs.",
                    name=use.name,
                    rows=use.rows,
                    epochs=use.epochs,
                    max_epochs=max_epochs,
                )


def _check_tokenizers(corpora: Sequence[PackedCorpus]) -> None:
    """Raises UserError for corpora whose ids do not mean the same, or whose rows are of different sizes."""
    if not corpora:
        raise UserError("There is no corpus to train on", "Name at least one folder of token shards.")
    first = corpora[0]
    for corpus in corpora[1:]:
        if corpus.shards.encoding.tokenizer != first.shards.encoding.tokenizer:
            raise UserError(
                "The corpora {first} and {other} were tokenized by different tokenizers",
                "Tokenize both with the same one: `danlu tokenize IN --tokenizer DIR --out DIR`.",
                first=first.name,
                other=corpus.name,
            )
        assert corpus.packing.sequence_tokens == first.packing.sequence_tokens, "rows of different sizes"
