"""Masked and corrupted rows: what is hidden can be put back, shares hold, and everything follows from (seed, step, row)."""

from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
)

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.feed import Part
from danlu.loop.loop import train
from danlu.loop.masked_batch import MaskedBatch, MaskedFeed, MaskedRow, Masking
from danlu.loop.masked_learner import MaskedLearner
from danlu.loop.optimizers import Optimization
from danlu.loop.row_source import ListedRows
from danlu.loop.seq2seq_batch import Seq2seqBatch, TokenPair
from danlu.loop.seq2seq_learner import Seq2seqLearner, shifted
from danlu.loop.span_corruption import Corruption, SpanFeed, corrupted
from danlu.loop.token_batch import IGNORED
from danlu.train.seq2seq.fresh import make_model, write_vocabulary
from tiny import make_tiny_checkpoint
from tiny_bert import make_tiny_bert

MASKING = Masking(mask_id=3, pad_id=0, vocabulary_size=50, special_ids=frozenset({0, 1, 2, 3}))
CORRUPTION = Corruption(sentinel_ids=tuple(range(59, 49, -1)), end_id=1, pad_id=0)
ROWS = [[2, *range(4, 4 + length), 1] for length in (5, 40, 17, 30)]
SOURCE = ListedRows(ROWS, [[0, 1, 2], [3, 1], [2]])


@given(st.lists(st.integers(0, 49), min_size=1, max_size=80), st.integers(0, 9))
def test_hidden_tokens_can_be_put_back(ids: list[int], seed: int) -> None:
    row = MaskedRow.of(ids, MASKING, (seed, 0, 0))
    assert np.where(row.targets_T == IGNORED, row.ids_T, row.targets_T).tolist() == ids
    ordinary = sum(id > 3 for id in ids)
    assert row.targets == (max(1, round(0.15 * ordinary)) if ordinary else 0)
    assert not set(row.targets_T.tolist()) & {0, 1, 2, 3}


def test_four_fifths_become_the_mask_and_a_tenth_another_token() -> None:
    ids = [4 + at % 46 for at in range(20_000)]
    row = MaskedRow.of(ids, MASKING, (0, 0, 0))
    hidden = row.targets_T != IGNORED
    masked, kept = (row.ids_T[hidden] == 3).mean(), (row.ids_T[hidden] == row.targets_T[hidden]).mean()
    assert masked == pytest.approx(0.8, abs=0.02)
    assert kept == pytest.approx(0.1 + 0.1 / 46, abs=0.02)
    assert set(row.ids_T[hidden].tolist()) <= {3, *range(4, 50)}


def test_masks_follow_from_seed_step_and_row() -> None:
    first, again = (MaskedFeed(SOURCE, MASKING, micro_batch_rows=2, seed=1) for _ in range(2))
    assert torch.equal(first.batches(1)[0].ids_BT, again.batches(1)[0].ids_BT)
    row = MaskedRow.of(ROWS[1], MASKING, (1, 0, 1)).targets_T.tolist()
    assert row != MaskedRow.of(ROWS[1], MASKING, (1, 1, 1)).targets_T.tolist()
    assert first.targets(0) == sum(batch.targets for batch in first.batches(0))
    assert first.tokens(0) == sum(len(ROWS[at]) for at in (0, 1, 2))
    parts = [batch for number in range(2) for batch in first.batches(0, Part(number, 2))]
    assert sum(batch.targets for batch in parts) == first.targets(0)


def test_masked_loss_equals_the_models_own() -> None:
    torch.manual_seed(0)
    model = BertForMaskedLM(
        BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    ).eval()
    batch = MaskedFeed(SOURCE, MASKING, micro_batch_rows=8, seed=0).batches(0)[0]
    own = model(input_ids=batch.ids_BT, attention_mask=batch.mask_BT, labels=batch.targets_BT).loss
    assert MaskedLearner(model)(batch).item() == pytest.approx(own.item() * batch.targets, rel=1e-5)
    halves = batch.halves()
    assert halves is not None
    assert sum(MaskedLearner(model)(half).item() for half in halves) == pytest.approx(
        own.item() * batch.targets, rel=1e-5
    )


@given(st.integers(2, 300), st.integers(0, 5))
def test_what_was_cut_out_can_be_put_back(length: int, seed: int) -> None:
    ids = [100 + at for at in range(length)]
    pair = corrupted(ids, CORRUPTION, (seed, 0, 0))
    assert pair.source[-1] == pair.target[-1] == 1
    said = _by_sentinel(list(pair.target[:-1]))
    restored = [token for id in pair.source[:-1] for token in (said[id] if id < 100 else [id])]
    assert restored == ids
    cut = sum(map(len, said.values()))
    assert cut == min(max(round(0.15 * length), 1), length - 1)
    assert list(said) == list(islice(CORRUPTION.sentinel_ids, len(said)))
    assert len(said) == min(max(round(cut / 3), 1), cut, length - cut, 10)


def _by_sentinel(target: list[int]) -> dict[int, list[int]]:
    said: dict[int, list[int]] = {}
    for id in target:
        if id < 100:
            said[id] = []
        else:
            said[list(said)[-1]].append(id)
    return said


def test_lengths_are_those_of_t5() -> None:
    """T5 turns 568 tokens into 512 and 114 with their ends: the figures of its pretraining."""
    corruption = Corruption(sentinel_ids=tuple(range(100)), end_id=1, pad_id=0)
    pair = corrupted([7] * 568, corruption, (0, 0, 0))
    assert (len(pair.source), len(pair.target)) == (512, 114)


def test_span_feed_counts_what_its_batches_hold() -> None:
    feed = SpanFeed(SOURCE, CORRUPTION, micro_batch_rows=2, seed=0)
    assert [feed.targets(step) for step in range(3)] == [
        sum(b.targets for b in feed.batches(step)) for step in range(3)
    ]
    assert feed.batches(0)[0].padded_tokens >= feed.batches(0)[1].padded_tokens


def test_seq2seq_loss_equals_the_models_own() -> None:
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=60,
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
        dropout_rate=0.0,
    )
    model = T5ForConditionalGeneration(config).eval()
    batch = Seq2seqBatch.of([TokenPair([5, 6, 7, 1], [8, 9, 1]), TokenPair([5, 1], [10, 1])], pad_id=0)
    own = model(input_ids=batch.source_BS, attention_mask=batch.source_mask_BS, labels=batch.targets_BT)
    assert Seq2seqLearner(model)(batch).item() == pytest.approx(own.loss.item() * batch.targets, rel=1e-5)
    assert torch.equal(
        shifted(batch.targets_BT, 0, 0), model.prepare_decoder_input_ids_from_labels(labels=batch.targets_BT)
    )


def test_masked_batch_pads_with_the_pad_token() -> None:
    rows = [MaskedRow.of(ids, MASKING, (0, 0, at)) for at, ids in enumerate(ROWS[:2])]
    batch = MaskedBatch.of(rows, pad_id=0)
    assert batch.mask_BT.sum(1).tolist() == [7, 42]
    assert (batch.ids_BT[0, 7:] == 0).all() and (batch.targets_BT[0, 7:] == IGNORED).all()


def test_special_tokens_come_from_the_tokenizer(tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(make_tiny_bert(tmp_path / "bert"))
    masking = Masking.of_tokenizer(tokenizer)
    assert (masking.mask_id, masking.pad_id) == (4, 0) and masking.special_ids == {0, 1, 2, 3, 4}
    with pytest.raises(UserError, match="has 0 sentinels"):
        Corruption.of_tokenizer(tokenizer)
    write_vocabulary(["some text"], 300, "t5", tmp_path)
    corruption = Corruption.of_tokenizer(AutoTokenizer.from_pretrained(tmp_path))
    assert len(corruption.sentinel_ids) == 100 and corruption.end_id == 1
    tiny = make_tiny_checkpoint(tmp_path / "llama")
    with pytest.raises(UserError, match="has no mask token"):
        Masking.of_tokenizer(AutoTokenizer.from_pretrained(tiny))


class Interrupted(Silent):
    """Breaks a training off at a step."""

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Raise at the third step."""
        if done == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("objective", ["masked", "span"])
def test_an_objective_is_learnt_and_resumes_to_the_same_bits(objective, tmp_path):
    torch.set_num_threads(1)  # threads that wait by spinning cost a busy machine minutes
    make_tiny_bert(tmp_path / "bert")
    rows = ListedRows([[2, *([5 + at % 7, 6 + at % 7] * 12), 3] for at in range(16)], [range(16)] * 8)

    def learner():
        if objective == "masked":
            return MaskedLearner(AutoModelForMaskedLM.from_pretrained(tmp_path / "bert"))
        return Seq2seqLearner(make_model("t5", 32, 260, 64, 0.1, seed=0))

    masking = Masking(mask_id=4, pad_id=0, vocabulary_size=100, special_ids=frozenset(range(5)))
    feed = (
        MaskedFeed(rows, masking, micro_batch_rows=16, seed=0)
        if objective == "masked"
        else SpanFeed(rows, Corruption(tuple(range(250, 260)), 1, 0), micro_batch_rows=16, seed=0)
    )
    how = Optimization(0.01, 0.1, 0.0, 1.0, recompute_above_tokens=10_000)
    whole, resumed = learner(), learner()
    trained = train(whole, feed, how, Checkpoints(tmp_path / "a", 2, "k"), Silent(), seed=0)
    with pytest.raises(KeyboardInterrupt):
        train(learner(), feed, how, Checkpoints(tmp_path / "b", 2, "k"), Interrupted(), seed=0)
    again = train(resumed, feed, how, Checkpoints(tmp_path / "b", 2, "k"), Silent(), seed=0)
    assert again.losses == trained.losses
    assert trained.losses[-1] < 0.9 * trained.losses[0]
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), resumed.parameters(), strict=True))
