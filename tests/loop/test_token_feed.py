"""A step follows from (seed, step) alone, whoever asks; an epoch has every token once; nothing is learnt across documents."""

import multiprocessing
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.loop.feed import Feed, Part
from danlu.loop.packed import PackedCorpus
from danlu.loop.token_batch import IGNORED, TokenBatch
from danlu.loop.token_feed import TokenFeed
from token_shards import distinct, write_shards

LENGTHS = np.random.default_rng(0).integers(1, 60, 60).tolist()


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("corpora")
    big = write_shards(folder / "big", distinct(LENGTHS), parts=3, vocabulary_size=5000)
    small = write_shards(folder / "small", distinct([20] * 12), vocabulary_size=5000)
    return [big, small]


def feed_of(folders: list[Path], **changed: object) -> TokenFeed:
    given = {"steps": 12, "step_sequences": 8, "micro_batch_sequences": 3, "seed": 7} | changed
    return TokenFeed([PackedCorpus.open(folder, 32) for folder in folders], **given)


def rows_in(batches: list[TokenBatch]) -> list[tuple[int, ...]]:
    return [tuple(row) for batch in batches for row in batch.ids_BT.tolist()]


def ids_and_targets(feed: Feed, step: int, part: Part) -> list[tuple[list[int], list[int]]]:
    return [(batch.ids_BT.tolist(), batch.targets_BT.tolist()) for batch in feed.batches(step, part)]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=40), st.integers(2, 40), st.integers(0, 100))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_epoch_has_every_token_of_every_document_once(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], sequence_tokens: int, seed: int
) -> None:
    documents = distinct(lengths)
    folder = write_shards(tmp_path_factory.mktemp("one") / "s", documents, vocabulary_size=1 + sum(lengths))
    corpus = PackedCorpus.open(folder, sequence_tokens)
    feed = TokenFeed([corpus], steps=corpus.packing.rows, step_sequences=1, micro_batch_sequences=1, seed=seed)
    seen = [int(token) for step in range(feed.steps) for _, row in feed.rows(step) for token in corpus.row(row).ids]
    assert sorted(seen) == [token for ids in documents for token in ids]
    assert sum(feed.tokens(step) for step in range(feed.steps)) == sum(lengths)


def test_nothing_is_learnt_across_documents_and_all_else_is(corpora: list[Path]) -> None:
    corpus = PackedCorpus.open(corpora[0], 32)
    firsts = {ids[0] for ids in distinct(LENGTHS)}
    for number in range(corpus.packing.rows):
        row = corpus.row(number)
        follows = np.flatnonzero(row.loss_mask)
        assert 0 not in follows
        assert (row.ids[follows] == row.ids[follows - 1] + 1).all()
        left_out = set(row.ids[~row.loss_mask].tolist()) - firsts
        assert len(left_out) == sum(
            int(start) > 0 for start in corpus.packing.starts_P[slice(*corpus.packing.bounds_R1[number : number + 2])]
        )


def test_targets_and_tokens_are_those_of_the_batches(corpora: list[Path]) -> None:
    feed = feed_of(corpora)
    for step in range(feed.steps):
        batches = feed.batches(step)
        assert feed.targets(step) == sum(batch.targets for batch in batches)
        assert feed.tokens(step) == sum(len(feed._corpora[corpus].row(row).ids) for corpus, row in feed.rows(step))
        assert [batch.padded_tokens for batch in batches] == sorted(
            (batch.padded_tokens for batch in batches), reverse=True
        ) or len(batches[-1].ids_BT) < 3


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 11])
def test_the_parts_of_any_number_of_workers_are_the_step(corpora: list[Path], workers: int) -> None:
    feed = feed_of(corpora)
    whole = Counter(tuple(i for i in row if i) for row in rows_in(feed.batches(5)))
    shared = [batch for number in range(workers) for batch in feed.batches(5, Part(number, workers))]
    assert Counter(tuple(i for i in row if i) for row in rows_in(shared)) == whole
    assert sum(batch.targets for batch in shared) == feed.targets(5)


def test_a_worker_reads_its_own_rows_alone(corpora: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    row_of = PackedCorpus.row
    monkeypatch.setattr(PackedCorpus, "row", lambda self, number: read.append(number) or row_of(self, number))
    feed_of(corpora[:1]).batches(2, Part(1, 4))
    assert len(read) == 2


def test_any_step_at_once_equals_the_same_step_in_turn(corpora: list[Path]) -> None:
    in_turn = feed_of(corpora)
    for step in range(in_turn.steps):
        assert ids_and_targets(in_turn, step, Part()) == ids_and_targets(feed_of(corpora), step, Part())


def _rows_elsewhere(folders: list[Path], answer: object) -> None:
    answer.send([ids_and_targets(feed_of(folders), step, Part(1, 2)) for step in (0, 9)])


def test_another_process_sees_the_same_rows(corpora: list[Path]) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_rows_elsewhere, args=(corpora, theirs))
    process.start()
    found = ours.recv()
    process.join()
    assert found == [ids_and_targets(feed_of(corpora), step, Part(1, 2)) for step in (0, 9)]


def test_another_seed_is_another_order(corpora: list[Path]) -> None:
    assert feed_of(corpora).rows(0) != feed_of(corpora, seed=8).rows(0)


def test_weights_decide_shares_and_epochs_are_counted(corpora: list[Path]) -> None:
    feed = feed_of(corpora, weights=[0.75, 0.25])
    drawn = Counter(corpus for step in range(feed.steps) for corpus, _ in feed.rows(step))
    assert drawn == {0: 72, 1: 24}
    big, small = feed.uses()
    assert (big.sequences, small.sequences) == (72, 24)
    assert small.rows == 12 and small.epochs == 2.0
    second = [row for step in range(feed.steps) for corpus, row in feed.rows(step) if corpus == 1]
    assert sorted(second[:12]) == sorted(second[12:]) == list(range(12)) and second[:12] != second[12:]


def test_without_weights_all_corpora_end_together(corpora: list[Path]) -> None:
    big, small = feed_of(corpora).uses()
    assert abs(big.epochs - small.epochs) < 0.1


def test_a_corpus_that_would_be_read_too_often_is_named(corpora: list[Path]) -> None:
    with pytest.raises(
        UserError, match=r"The corpus small has 12 rows and would be read 6\.0 times, more than max_epochs = 4"
    ):
        feed_of(corpora, weights=[0.25, 0.75])
    assert feed_of(corpora, weights=[0.25, 0.75], max_epochs=6).steps == 12


def test_corpora_of_different_tokenizers_are_not_mixed(tmp_path: Path, corpora: list[Path]) -> None:
    other = write_shards(tmp_path / "other", [[1, 2]], tokenizer="another")
    with pytest.raises(UserError, match="corpora big and other were tokenized by different"):
        feed_of([corpora[0], other])
    with pytest.raises(UserError, match="no corpus"):
        feed_of([])


def test_a_loss_mask_of_the_shards_holds_in_every_row(tmp_path: Path) -> None:
    documents = distinct([9, 40, 5, 5])
    masks = [[token % 3 == 0 for token in ids] for ids in documents]
    corpus = PackedCorpus.open(write_shards(tmp_path / "s", documents, masks=masks, parts=2), 16)
    packing = corpus.packing
    for number in range(packing.rows):
        row = corpus.row(number)
        pieces = slice(packing.bounds_R1[number], packing.bounds_R1[number + 1])
        starts = np.cumsum([0, *packing.lengths_P[pieces][:-1]])
        expected = row.ids % 3 == 0
        expected[starts] = False
        assert (row.loss_mask == expected).all()
        assert corpus.targets_R[number] == expected.sum()
        batch = TokenBatch.of([row])
        assert int((batch.targets_BT != IGNORED).sum()) == expected.sum()


def test_a_pretraining_that_is_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    import torch

    from danlu.core.progress import Silent
    from danlu.loop.causal import CausalLearner
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import StepFacts, train
    from danlu.loop.optimizers import Optimization
    from danlu.model.loading import load_model
    from tiny import make_tiny_checkpoint

    checkpoint = make_tiny_checkpoint(tmp_path / "tiny")
    documents = [[3 + (number + at) % 40 for at in range(20 + number)] for number in range(12)]
    folder = write_shards(tmp_path / "s", documents)

    def trained(place: str, last: int = 9) -> tuple[tuple[float | None, ...], list[torch.Tensor]]:
        def break_off(facts: StepFacts) -> None:
            if facts.done == last < 9:
                raise KeyboardInterrupt

        learner = CausalLearner(load_model(checkpoint, threads=1))
        optimization = Optimization(1e-2, 0.1, 0.0, 1.0, recompute_above_tokens=10_000)
        feed, checkpoints = feed_of([folder], steps=9, step_sequences=4), Checkpoints(tmp_path / place, 3, "key")
        outcome = train(learner, feed, optimization, checkpoints, Silent(), seed=5, observers=[break_off])
        return outcome.losses, [weight.detach() for weight in learner.parameters()]

    whole_losses, whole = trained("whole")
    with pytest.raises(KeyboardInterrupt):
        trained("broken", last=5)
    losses, weights = trained("broken")
    assert losses == whole_losses and losses[-1] < losses[0]
    assert all(torch.equal(left, right) for left, right in zip(weights, whole, strict=True))
