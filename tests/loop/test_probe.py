import functools
from dataclasses import dataclass

import pytest

import tiny_training
from danlu.core.errors import WorkFailed
from danlu.core.machine import resident_bytes
from danlu.loop.predict import Prediction, compared, predict, tokens_for
from danlu.loop.probe import probe, scan


@dataclass(frozen=True)
class Case:
    probe: object
    subject: object


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tiny_training.write(tmp_path_factory.mktemp("tiny"))
    build = functools.partial(tiny_training.subject, folder)
    return Case(probe(build), build())


def test_a_probe_tells_the_whole_workload(case):
    feed = case.subject.feed
    padded = [batch.padded_tokens for step in range(feed.steps) for batch in feed.batches(step)]
    work = case.probe.workload
    assert (work.steps, work.padded_tokens, work.longest) == (feed.steps, sum(padded), max(padded))
    assert work.tokens == sum(feed.tokens(step) for step in range(feed.steps))
    assert work.accumulates
    assert work == scan(feed)


def test_a_probe_measures_time_memory_and_disk(case):
    found = case.probe
    assert found.s_per_padded_token > 0 and found.cpu_s_per_padded_token > 0
    assert found.bare_bytes < found.imported_bytes < found.peak_bytes
    assert found.checkpoint_bytes > 4 * 3 * sum(w.numel() for w in case.subject.learner.parameters() if w.requires_grad)


def test_a_prediction_is_for_the_process_that_asks(case):
    told = predict(case.probe, checkpoints_kept=2, checkpoints=3, made_bytes=1000)
    assert told.steps == case.probe.workload.steps
    assert told.wall_s >= case.probe.workload.padded_tokens * case.probe.s_per_padded_token + case.probe.startup_s
    assert told.disk_bytes == 3 * case.probe.checkpoint_bytes + 1000
    own = max(0, resident_bytes() - case.probe.imported_bytes)
    assert told.memory_bytes == pytest.approx(case.probe.peak_bytes + own, rel=0.05)


def test_a_budget_of_time_becomes_tokens_once(case):
    found = case.probe
    assert tokens_for(found.startup_s, found) == 0 == tokens_for(0, found)
    assert tokens_for(found.startup_s + 1000 * found.s_per_token, found) == pytest.approx(1000, abs=1)


def test_what_was_predicted_is_compared_with_what_was_used():
    told = Prediction(10, 1000, 20.0, 40.0, 2**30, 5)
    record = compared(told, {"wall_s": 25.0, "cpu_s": 36.0, "peak_memory_mb": 1024, "started": 1.0})
    assert record["ratio"] == {"wall_s": 1.25, "cpu_s": 0.9, "memory_bytes": 1.0}
    assert record["predicted"]["tokens"] == 1000 and record["used"]["memory_bytes"] == 2**30


def test_a_training_that_cannot_start_is_told_before_step_one():
    with pytest.raises(WorkFailed, match="trial steps before the training failed: UserError"):
        probe(functools.partial(tiny_training.subject, None))


def test_a_trial_that_is_killed_is_told():
    with pytest.raises(WorkFailed, match="ended by signal 9: memory may be short"):
        probe(tiny_training.killed)
