from hypothesis import given
from hypothesis import strategies as st

from danlu.loop.batches import ConversationFeed, Limits, micro_batches, plan_steps, shuffled
from danlu.loop.feed import Part
from danlu.loop.schedule import learning_rate
from danlu.model.chat import Tokens

lengths_of = st.lists(st.integers(1, 60), min_size=1, max_size=40)


@given(lengths=lengths_of, seed=st.integers(0, 2**31), step=st.integers(1, 300))
def test_each_epoch_sees_each_conversation_once_and_no_limit_is_passed(lengths, seed, step):
    steps = plan_steps(lengths, seed, Limits(step, max_tokens=10**9, max_epochs=2))
    seen = [index for one in steps for index in one.rows]
    assert sorted(seen) == sorted([*range(len(lengths)), *range(len(lengths))])
    assert sorted(seen[: len(lengths)]) == list(range(len(lengths)))
    for one in steps:
        assert one.tokens == sum(lengths[index] for index in one.rows)
        assert one.tokens <= step or len(one.rows) == 1


@given(lengths=lengths_of, micro=st.integers(1, 200), workers=st.integers(1, 4))
def test_workers_share_every_row_of_a_step_and_no_batch_passes_its_limit(lengths, micro, workers):
    rows = [Tokens([number] * length, [True] * length) for number, length in enumerate(lengths)]
    feed = ConversationFeed(rows, plan_steps(lengths, 3, Limits(100, 10**9, 1)), micro)
    for step in range(feed.steps):
        batches = [batch for number in range(workers) for batch in feed.batches(step, Part(number, workers))]
        seen = [int(row[0]) for batch in batches for row in batch.ids_BT]
        assert sorted(seen) == sorted(feed.plan[step].rows)
        assert sum(batch.targets for batch in batches) == feed.targets(step)
        assert all(batch.padded_tokens <= micro or len(batch.ids_BT) == 1 for batch in batches)


@given(lengths=lengths_of, seed=st.integers(0, 9), cap=st.integers(1, 500))
def test_the_token_cap_holds_and_only_shortens_the_plan(lengths, seed, cap):
    limits = Limits(100, max_tokens=cap, max_epochs=3)
    steps = plan_steps(lengths, seed, limits)
    assert sum(step.tokens for step in steps) <= cap
    assert steps == plan_steps(lengths, seed, limits)
    uncapped = plan_steps(lengths, seed, Limits(100, max_tokens=10**9, max_epochs=3))
    assert steps[:-1] == uncapped[: max(0, len(steps) - 1)]


def test_seeds_and_epochs_shuffle_differently():
    assert shuffled(50, 1, 0) == shuffled(50, 1, 0)
    assert len({tuple(shuffled(50, seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4


def test_rows_of_like_length_share_a_micro_batch():
    assert micro_batches([0, 1, 2, 3], [10, 50, 11, 49], 100) == ((1, 3), (2, 0))


def test_the_rate_warms_up_then_falls_to_a_tenth():
    rates = [learning_rate(step, 20, 1.0, 0.1) for step in range(20)]
    assert rates[:2] == [0.5, 1.0]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert abs(rates[-1] - 0.1) < 1e-12
    assert learning_rate(0, 1, 1.0, 0.1) == 1.0


def test_a_line_falls_to_a_tenth_and_a_held_rate_to_the_end():
    line = [learning_rate(step, 20, 1.0, 0.1, "linear") for step in range(20)]
    assert abs(line[-1] - 0.1) < 1e-12
    assert abs((line[5] - line[6]) - (line[15] - line[16])) < 1e-12
    held = [learning_rate(step, 20, 1.0, 0.1, "hold-decay") for step in range(20)]
    assert held[2:17] == [1.0] * 15
    assert held[16:] == [1.0, 0.75, 0.5, 0.25]
