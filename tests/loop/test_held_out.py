"""Every token of a held-out document but its first is scored once, and bits are counted by the bytes they stand for."""

from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from danlu.loop.feed import Part
from danlu.loop.held_out import HeldOutFeed, scored_rows
from danlu.loop.shards import Shards
from danlu.loop.token_batch import IGNORED
from token_shards import distinct, write_shards

LENGTHS = [9, 50, 2, 14, 14, 33]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    folder = tmp_path_factory.mktemp("held") / "s"
    return Shards.open(write_shards(folder, distinct(LENGTHS), parts=2, languages=("en", "zh", "en")))


@given(st.integers(1, 7), st.integers(0, 20))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_token_but_the_first_is_scored_once_behind_its_context(shards: Shards, context: int, more: int) -> None:
    rows = list(scored_rows(shards, range(len(LENGTHS)), context + 1 + more, context))
    for document, ids in enumerate(distinct(LENGTHS)):
        own = [row for row in rows if row.document == document]
        scored = [token for row in own for token in row.ids[row.loss_mask].tolist()]
        assert scored == ids[1:]
        assert all(len(row.ids) <= context + 1 + more and not row.loss_mask[0] for row in own)
        assert all((np.diff(row.ids) == 1).all() for row in own)


def test_steps_have_one_language_and_score_everything(shards: Shards) -> None:
    feed = HeldOutFeed(shards, sequence_tokens=16, step_tokens=64)
    assert [feed.language(step) for step in range(feed.steps)] == sorted(
        feed.language(step) for step in range(feed.steps)
    )
    for step in range(feed.steps):
        batches = feed.batches(step)
        assert feed.targets(step) == sum(batch.targets for batch in batches)
        assert all(batch.padded_tokens <= 64 for batch in batches)
        parted = [batch for number in range(3) for batch in feed.batches(step, Part(number, 3))]
        assert sum(batch.targets for batch in parted) == feed.targets(step)
    assert sum(feed.targets(step) for step in range(feed.steps)) == sum(LENGTHS) - len(LENGTHS)
    assert sum(feed.tokens(step) for step in range(feed.steps)) == sum(LENGTHS)


def test_bits_per_byte_are_those_of_a_plain_sum(shards: Shards) -> None:
    feed = HeldOutFeed(shards, sequence_tokens=16, step_tokens=64)
    nats = [
        float(sum((batch.targets_BT[batch.targets_BT != IGNORED] % 5).sum() for batch in feed.batches(step)))
        for step in range(feed.steps)
    ]
    scores = feed.bits_per_byte(nats)
    assert sorted(scores) == ["all", "en", "zh"]
    for language, numbers in {"en": [0, 2, 3, 5], "zh": [1, 4], "all": range(6)}.items():
        documents = [distinct(LENGTHS)[number] for number in numbers]
        expected = sum(token % 5 for ids in documents for token in ids[1:]) / log(2)
        scored_bytes = sum(3 * (len(ids) - 1) for ids in documents)
        assert scores[language].bits_per_byte == pytest.approx(expected / scored_bytes)
        assert scores[language].tokens * 3 == scores[language].bytes == scored_bytes
        assert scores[language].documents == len(documents)


def test_a_sample_is_always_the_same_and_keeps_its_bound(tmp_path: Path) -> None:
    shards = Shards.open(write_shards(tmp_path / "s", [[1] * 10] * 50))
    drawn = [
        [row.document for step in range(feed.steps) for row in feed.rows(step)]
        for feed in (HeldOutFeed(shards, sequence_tokens=16, step_tokens=64, max_tokens=105) for _ in range(2))
    ]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 10
    assert drawn[0] != list(range(10))


def test_a_real_model_scores_as_when_each_document_is_scored_alone(tmp_path: Path) -> None:
    import torch

    from danlu.loop.causal import CausalLearner
    from danlu.model.loading import load_model
    from tiny import make_tiny_checkpoint

    model = load_model(make_tiny_checkpoint(tmp_path / "tiny"), threads=1)
    documents = [np.random.default_rng(number).integers(3, 300, 5 + 3 * number).tolist() for number in range(6)]
    shards = Shards.open(write_shards(tmp_path / "s", documents, languages=("en", "zh")))
    feed, learner = HeldOutFeed(shards, sequence_tokens=64, step_tokens=96), CausalLearner(model)
    with torch.no_grad():
        nats = [sum(float(learner(batch)) for batch in feed.batches(step)) for step in range(feed.steps)]
        alone = []
        for ids in documents:
            logits_TV = model(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
            alone.append(-float(logits_TV[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].sum()))
    scores = feed.bits_per_byte(nats)
    for language, numbers in {"all": range(6), "en": (0, 2, 4), "zh": (1, 3, 5)}.items():
        expected = sum(alone[number] for number in numbers) / log(2)
        assert scores[language].bits_per_byte == pytest.approx(expected / scores[language].bytes, rel=1e-4)
