import functools
from dataclasses import dataclass, replace

import pytest

import tiny_training
from danlu.core.errors import WorkFailed
from danlu.core.machine import resident_bytes
from danlu.loop.predict import Prediction, Schedule, compared, predict, tokens_for
from danlu.loop.probe import probe, scan


@dataclass(frozen=True)
class Case:
    probe: object
    subject: object


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tiny_training.write(tmp_path_factory.mktemp("tiny"))
    build = functools.partial(tiny_training.subject, folder)
    return Case(probe(build, outline=functools.partial(tiny_training.subject, folder)), build())


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
    assert found.padded_token.wall_s > 0 and found.padded_token.cpu_s > 0 and found.finish.wall_s > 0
    assert 0 < found.base_bytes < found.peak_bytes
    assert found.made_bytes == 5
    assert found.checkpoint_bytes > 4 * 3 * sum(w.numel() for w in case.subject.learner.parameters() if w.requires_grad)


def test_a_prediction_is_for_the_process_that_asks(case):
    found, schedule = case.probe, Schedule(checkpoints=3, checkpoints_kept=2, scored_tokens=1000)
    told = predict(found, schedule)
    assert told.steps == found.workload.steps
    beside = found.startup + found.checkpoint * 3 + found.scored_token * 1000 + found.finish
    assert told.wall_s == pytest.approx(
        found.workload.padded_tokens * found.padded_token.wall_s + beside.wall_s, abs=0.01
    )
    assert told.disk_bytes == 3 * found.checkpoint_bytes + found.made_bytes
    assert told.memory_bytes == pytest.approx(resident_bytes() + found.peak_bytes - found.base_bytes, rel=0.05)


def test_a_budget_of_time_becomes_tokens_that_take_that_time(case):
    found, schedule = case.probe, Schedule(checkpoints=2, checkpoint_every_steps=5)
    whole = predict(found, schedule).wall_s
    assert tokens_for(0, found, schedule) == 0 == tokens_for(found.startup.wall_s / 2, found, schedule)
    assert tokens_for(whole, found, schedule) == pytest.approx(found.workload.tokens, rel=0.01)
    tokens = tokens_for(10 * whole, found, schedule)
    assert predict(replace(found, workload=found.workload.of(tokens)), schedule).wall_s == pytest.approx(
        10 * whole, rel=0.02
    )


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
