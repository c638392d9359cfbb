from types import SimpleNamespace

import pytest

from danlu.core.progress import Silent
from danlu.core.tracked_run import Told, TrackedRun
from danlu.core.tracking import tracker, tracking_uri
from data.corpora import corpus, document

pytest.importorskip("alembic")


class Lines(Silent):
    def __init__(self):
        self.lines = []

    def line(self, text):
        self.lines.append(text)


def step(done, loss, score=None):
    return SimpleNamespace(
        done=done, loss=loss, learning_rate=1e-3 * done, gradient_norm=0.5, tokens=100, wall_s=0.1, score=score
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A real store with one training that was killed after two steps, and went on to four."""
    uri, said = tracking_uri(tmp_path_factory.mktemp("state")), Lines()
    told = Told(
        "danlu", "finetune", "the-key", {"finetune.rank": 16, "base": "tiny"}, [corpus([document("d", "text")])]
    )
    with TrackedRun(uri, told, said) as killed:
        killed(step(1, 3.0))
        killed(step(2, 2.5))
    with TrackedRun(uri, told, said) as run:
        run(step(3, 2.0))
        run(step(4, 1.5, score=1.75))
        run.finish({"id": "abc", "path": "out", "content_hash": "f" * 64})
    return SimpleNamespace(client=tracker(uri), first=killed, run=run, said=said.lines, uri=uri)


def test_a_training_that_goes_on_continues_its_run(store):
    assert store.said == []
    assert store.run.id == store.first.id
    assert store.client.get_run(store.run.id).info.status == "FINISHED"


def test_curves_have_every_step(store):
    losses = store.client.get_metric_history(store.run.id, "loss")
    assert [(one.step, one.value) for one in losses] == [(1, 3.0), (2, 2.5), (3, 2.0), (4, 1.5)]
    assert store.client.get_metric_history(store.run.id, "tokens_per_s")[0].value == pytest.approx(1000)
    assert [one.step for one in store.client.get_metric_history(store.run.id, "gradient_norm")] == [1, 2, 3, 4]
    assert store.client.get_metric_history(store.run.id, "validation_loss")[0].value == 1.75


def test_parameters_inputs_and_the_machine_are_there(store):
    run = store.client.get_run(store.run.id)
    assert run.data.params == {"finetune.rank": "16", "base": "tiny"}
    assert run.data.metrics["system/process_memory_mb"] > 10
    [given] = run.inputs.dataset_inputs
    assert given.dataset.source_type == "danlu"


def test_the_model_is_linked_with_its_signature(store):
    run = store.client.get_run(store.run.id)
    [output] = run.outputs.model_outputs
    model = store.client.get_logged_model(output.model_id)
    assert model.tags["danlu.content_hash"] == "f" * 64 and "input_ids" in model.tags["signature"]


def test_a_tracker_that_cannot_be_reached_is_told_once_and_holds_nothing_up(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said = Lines()
    with TrackedRun("http://127.0.0.1:9", Told("danlu", "finetune", "key", {}), said) as run:
        for done in range(1, 100):
            run(step(done, 1.0))
        run.finish({})
    [line] = said.lines
    assert line.startswith("tracking: http://127.0.0.1:9 cannot be used")
    assert line.endswith("the training goes on without it")
