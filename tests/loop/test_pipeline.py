"""What a pipeline's micro-batches are made of; what it learns is tested with real processes in tests/invariants/test_layouts.py."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.loop.pipeline import even
from danlu.loop.token_batch import IGNORED, TokenBatch
from danlu.model.chat import Tokens

LENGTHS = st.lists(st.lists(st.integers(2, 30), min_size=1, max_size=9), min_size=1, max_size=5)


def batches_of(lengths):
    number = iter(range(1, 10_000))
    return [TokenBatch.of([Tokens([next(number) for _ in range(n)], [True] * n) for n in row]) for row in lengths]


@settings(deadline=None, max_examples=60)
@given(lengths=LENGTHS, segments=st.integers(1, 4), raised=st.integers(0, 3))
def test_even_micro_batches_have_the_same_targets_and_are_never_larger(lengths, segments, raised):
    batches = batches_of(lengths)
    ids_MBT, targets_MBT = even(batches, segments, lambda count: count + raised)
    assert len(ids_MBT) >= segments + raised
    assert ids_MBT[0].numel() <= max(batch.padded_tokens for batch in batches)
    learnt = [(int(a), int(b)) for a, b in zip(ids_MBT.flatten(), targets_MBT.flatten(), strict=True) if b != IGNORED]
    wanted = [
        (int(a), int(b))
        for batch in batches
        for a, b in zip(batch.ids_BT.flatten(), batch.targets_BT.flatten(), strict=True)
        if b != IGNORED
    ]
    assert learnt == wanted


def test_a_step_has_four_micro_batches_for_each_segment_where_there_are_rows_enough():
    [batch] = batches_of([[16] * 64])
    ids_MBT, _ = even([batch], 2, int)
    assert ids_MBT.shape == (8, 8, 16)
    assert torch.equal(ids_MBT.flatten(0, 1), batch.ids_BT)
