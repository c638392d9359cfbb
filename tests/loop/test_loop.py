import copy
import json
import os
import signal
from dataclasses import replace

import pytest
import torch

from danlu.core.errors import WorkFailed
from danlu.core.progress import Silent
from danlu.loop import checkpoint
from danlu.loop.adapters import PackedDropout, add_lora
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints, steps_saved
from danlu.loop.loop import Evaluation, step_seed, train
from danlu.loop.memory import fitting, is_out_of_memory
from danlu.loop.optimizers import Optimization
from danlu.loop.token_batch import TokenBatch, target_count
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.model.loading import load_model
from tiny import make_tiny_checkpoint, write_chats

MENDED = Optimization(3e-2, 0.1, 0.0, 1.0, recompute_above_tokens=10_000, mends_spikes=True)
SETTINGS = Optimization(3e-2, 0.1, 0.0, 1.0, recompute_above_tokens=10_000)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    chat = ChatFormat.load(folder)
    chats = read_chats(write_chats(folder / "chats.jsonl"))
    return load_model(folder, threads=2), [chat.training_ids(one.messages) for one in chats]


def feed_of(rows, *, step_tokens=200, micro_batch_tokens=10_000, epochs=3):
    lengths = [len(row.ids) for row in rows]
    return ConversationFeed(rows, plan_steps(lengths, 3, Limits(step_tokens, 10**6, epochs)), micro_batch_tokens)


def learner_of(model, dropout=0.0):
    torch.manual_seed(7)
    return CausalLearner(add_lora(copy.deepcopy(model), rank=4, alpha=8, dropout=dropout))


def weights_of(learner):
    return {name: weight.detach().clone() for name, weight in learner.named_parameters() if weight.requires_grad}


def trained(tiny, folder, *, settings=SETTINGS, dropout=0.0, feed=None, learner=None, every=2, **more):
    model, rows = tiny
    learner = learner or learner_of(model, dropout)
    outcome = train(
        learner, feed or feed_of(rows), settings, Checkpoints(folder, every, "key"), Silent(), seed=5, **more
    )
    return outcome, weights_of(learner)


def equal(left, right):
    return left[0].losses == right[0].losses and all(torch.equal(left[1][name], right[1][name]) for name in left[1])


def test_the_loss_is_the_models_own_mean_over_the_mask(tiny):
    model, rows = tiny
    learner = CausalLearner(model)
    assert learner.is_chunked
    with torch.no_grad():
        for row in rows[:3]:
            ids = torch.tensor([row.ids])
            labels = torch.where(torch.tensor([row.loss_mask]), ids, -100)
            ours = learner(TokenBatch.of([row])) / target_count([row])
            torch.testing.assert_close(ours, model(input_ids=ids, labels=labels).loss)
        together = learner(TokenBatch.of(rows))
        torch.testing.assert_close(together, sum(learner(TokenBatch.of([row])) for row in rows))


@pytest.mark.parametrize("is_chunked", [True, False])
def test_gradients_are_those_of_the_models_own_loss(tiny, is_chunked, monkeypatch):
    monkeypatch.setattr("danlu.loop.chunked._CHUNK_LOGITS", 1000)  # several chunks
    model, rows = tiny
    ours, theirs = CausalLearner(copy.deepcopy(model)), copy.deepcopy(model)
    ours.is_chunked = is_chunked
    (ours(TokenBatch.of(rows[:1])) / target_count(rows[:1])).backward()
    ids = torch.tensor([rows[0].ids])
    theirs(input_ids=ids, labels=torch.where(torch.tensor([rows[0].loss_mask]), ids, -100)).loss.backward()
    for name, weight in theirs.named_parameters():
        torch.testing.assert_close(ours.model.get_parameter(name).grad, weight.grad, rtol=1e-4, atol=1e-6)


def test_a_head_that_does_more_than_a_product_is_left_to_the_model(tiny):
    class Scaled(torch.nn.Linear):
        def forward(self, inputs):
            return 3 * super().forward(inputs)

    model = copy.deepcopy(tiny[0])
    scaled = Scaled(32, model.config.vocab_size, bias=False)
    scaled.weight = model.lm_head.weight
    model.set_output_embeddings(scaled)
    assert not CausalLearner(model).is_chunked


def test_training_lowers_the_loss(tiny, tmp_path):
    outcome, _ = trained(tiny, tmp_path)
    assert outcome.losses[-1] < outcome.losses[0] - 0.1


def test_accumulated_micro_batches_equal_the_big_batch(tiny, tmp_path):
    big = trained(tiny, tmp_path / "big")
    small = trained(tiny, tmp_path / "small", feed=feed_of(tiny[1], micro_batch_tokens=1))
    assert small[0].losses == pytest.approx(big[0].losses, rel=1e-4)
    # AdamW divides by the gradient's size, so rounding grows in weights that hardly learn.
    for name, weight in big[1].items():
        torch.testing.assert_close(small[1][name], weight, rtol=1e-2, atol=2e-3)


def test_recomputed_activations_give_the_same_bits(tiny, tmp_path):
    kept = trained(tiny, tmp_path / "kept", dropout=0.1)
    recomputed = trained(tiny, tmp_path / "re", settings=replace(SETTINGS, recompute_above_tokens=0), dropout=0.1)
    assert equal(kept, recomputed)


@pytest.mark.parametrize("changes", [{}, {"optimizer": "muon", "average_decay": 0.9, "schedule": "hold-decay"}])
def test_resume_after_kill_equals_uninterrupted_run(tiny, tmp_path, monkeypatch, changes):
    settings = replace(SETTINGS, **changes)
    whole = trained(tiny, tmp_path / "whole", settings=settings, dropout=0.1)

    class Killed(BaseException):
        pass

    def killed_at(folder, step):
        def advance(self, done, total, note=""):
            if done == step:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Silent, "advance", advance)
            with pytest.raises(Killed):
                trained(tiny, folder, settings=settings, dropout=0.1)

    for step in (1, 3, 5):
        killed_at(tmp_path / str(step), step)
        assert equal(trained(tiny, tmp_path / str(step), settings=settings, dropout=0.1), whole)


def test_a_checkpoint_of_another_training_is_not_taken_up(tiny, tmp_path):
    trained(tiny, tmp_path)
    assert steps_saved(Checkpoints(tmp_path, 2, "key"))
    assert steps_saved(Checkpoints(tmp_path, 2, "other")) == []


def test_a_checkpoint_that_was_cut_short_is_passed_over(tiny, tmp_path):
    whole = trained(tiny, tmp_path)
    where = Checkpoints(tmp_path, 2, "key")
    newest = steps_saved(where)[-1]
    [largest] = sorted((tmp_path / f"step-{newest:08}").glob("*.distcp"))
    largest.write_bytes(largest.read_bytes()[:-100])
    assert newest not in steps_saved(where)
    assert equal(trained(tiny, tmp_path), whole)


def test_a_full_disk_leaves_the_last_checkpoint_and_no_litter(tiny, tmp_path, monkeypatch):
    def full(*arguments, **more):
        (more["checkpoint_id"] / "half.distcp").write_bytes(b"0" * 100)
        raise OSError(28, "No space left on device")

    feed = feed_of(tiny[1])
    with monkeypatch.context() as patch:
        patch.setattr(
            Silent,
            "advance",
            lambda self, done, total, note="": done == 3 and patch.setattr(checkpoint, "save_tensors", full),
        )
        with pytest.raises(OSError, match="No space"):
            trained(tiny, tmp_path, feed=feed)
    assert steps_saved(Checkpoints(tmp_path, 2, "key")) == [2]
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000002"]
    assert equal(trained(tiny, tmp_path, feed=feed), trained(tiny, tmp_path / "whole", feed=feed))


def test_only_the_newest_checkpoints_are_kept(tiny, tmp_path):
    outcome, _ = trained(tiny, tmp_path, every=1)
    last = len(outcome.losses)
    assert steps_saved(Checkpoints(tmp_path, 1, "key")) == [last - 2, last - 1, last]


def test_divergence_fails_with_a_way_out(tiny, tmp_path):
    model, rows = tiny
    broken = copy.deepcopy(model)
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    with pytest.raises(WorkFailed, match="diverged"):
        trained((broken, rows), tmp_path)


class Poisoned(torch.nn.Module):
    """A learner whose loss is wrong at some calls: not finite, or far too high from then on until it is reloaded."""

    def __init__(self, learner, nan_at=(), high_from=None):
        super().__init__()
        self.learner, self.calls, self.nan_at, self.high_from = learner, 0, nan_at, high_from

    def forward(self, batch):
        self.calls += 1
        nats = self.learner(batch)
        if self.calls in self.nan_at:
            return nats * float("nan")
        return nats * 50 if self.calls == self.high_from else nats


def test_a_step_that_is_not_finite_is_left_out(tiny, tmp_path):
    outcome, weights = trained(tiny, tmp_path, learner=Poisoned(learner_of(tiny[0]), nan_at=(3,)))
    assert outcome.left_out == (2,)
    assert outcome.losses[2] is None
    assert all(torch.isfinite(weight).all() for weight in weights.values())


def test_after_a_spike_training_goes_back_and_leaves_the_steps_out(tiny, tmp_path):
    feed = feed_of(tiny[1], step_tokens=60, epochs=8)
    assert feed.steps > 60
    outcome, _ = trained(
        tiny, tmp_path, feed=feed, every=5, settings=MENDED, learner=Poisoned(learner_of(tiny[0]), high_from=50)
    )
    assert outcome.returns == 1
    assert outcome.left_out == tuple(range(40, 50))
    assert sum(loss is not None for loss in outcome.losses) == feed.steps - 10


def test_where_a_training_goes_back_to_does_not_follow_from_when_it_was_stopped(tiny, tmp_path, monkeypatch):
    feed = feed_of(tiny[1], step_tokens=60, epochs=8)

    class High(torch.nn.Module):
        """High at step 56, whichever process computes it; the loss of a step is told from its seed."""

        def __init__(self, learner):
            super().__init__()
            self.learner = learner

        def forward(self, batch):
            return self.learner(batch) * (50 if torch.initial_seed() == step_seed(5, 56, 0) else 1)

    def run(folder):
        return trained(tiny, folder, feed=feed, every=10, settings=MENDED, learner=High(learner_of(tiny[0])))

    whole = run(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(
            Silent, "advance", lambda self, done, total, note="": done == 47 and os.kill(os.getpid(), signal.SIGTERM)
        )
        with pytest.raises(WorkFailed, match="SIGTERM"):
            run(tmp_path / "stopped")
    assert whole[0].left_out == tuple(range(40, 57))
    assert equal(run(tmp_path / "stopped"), whole)


def test_spikes_that_come_again_and_again_do_not_end_a_training(tiny, tmp_path):
    class Often(torch.nn.Module):
        def __init__(self, learner):
            super().__init__()
            self.learner = learner

        def forward(self, batch):
            high = torch.initial_seed() in {step_seed(5, step, 0) for step in (60, 100, 140, 180, 220)}
            return self.learner(batch) * (50 if high else 1)

    feed = feed_of(tiny[1], step_tokens=60, epochs=32)
    outcome, _ = trained(tiny, tmp_path, feed=feed, every=5, settings=MENDED, learner=Often(learner_of(tiny[0])))
    assert outcome.returns == 3
    assert {60, 100, 140, 180, 220} <= set(outcome.left_out)


def test_a_weight_that_never_has_a_gradient_does_not_hinder_a_resume(tiny, tmp_path, monkeypatch):
    class WithUnused(torch.nn.Module):
        def __init__(self, learner):
            super().__init__()
            self.learner, self.unused = learner, torch.nn.Parameter(torch.ones(3))

        def forward(self, batch):
            return self.learner(batch)

    whole = trained(tiny, tmp_path / "whole", learner=WithUnused(learner_of(tiny[0])))
    with monkeypatch.context() as patch:
        patch.setattr(
            Silent, "advance", lambda self, done, total, note="": done == 3 and os.kill(os.getpid(), signal.SIGTERM)
        )
        with pytest.raises(WorkFailed, match="SIGTERM"):
            trained(tiny, tmp_path / "stopped", learner=WithUnused(learner_of(tiny[0])))
    assert equal(trained(tiny, tmp_path / "stopped", learner=WithUnused(learner_of(tiny[0]))), whole)


def test_one_bad_step_in_float16_does_not_end_all_learning(tiny, tmp_path):
    settings = replace(SETTINGS, precision="float16")
    clean, _ = trained(tiny, tmp_path / "clean", settings=settings)
    outcome, _ = trained(tiny, tmp_path / "bad", settings=settings, learner=Poisoned(learner_of(tiny[0]), nan_at=(3,)))
    assert outcome.left_out == (2,)
    assert outcome.losses[-1] == pytest.approx(clean.losses[-1], rel=0.05)


def test_what_the_processors_allocator_says_is_understood():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)


class Hungry(torch.nn.Module):
    """A learner that runs out of memory with more than so many padded tokens, half way through the way back."""

    def __init__(self, learner, limit):
        super().__init__()
        self.learner, self.limit = learner, limit

    def forward(self, batch):
        nats = self.learner(batch)
        if batch.padded_tokens > self.limit:
            nats.register_hook(self._fail)
        return nats

    def _fail(self, gradient):
        raise torch.OutOfMemoryError("for the test")


def test_when_memory_runs_out_batches_are_halved_and_the_step_is_the_same(tiny, tmp_path, monkeypatch):
    whole = trained(tiny, tmp_path / "whole")
    said = []
    monkeypatch.setattr(Silent, "line", lambda self, text: said.append(str(text)))
    halved = trained(tiny, tmp_path / "halved", learner=Hungry(learner_of(tiny[0]), 120))
    held = halved[0].max_padded_tokens
    assert held <= 120
    assert said == [f"memory was short: batches have at most {held} tokens from now on"]
    assert halved[0].losses == pytest.approx(whole[0].losses, rel=1e-4)


class Watched(torch.nn.Module):
    """A learner that notes the padded tokens of its batches; the loss of one step is far too high."""

    def __init__(self, learner, high_at):
        super().__init__()
        self.learner, self.high, self.seen = learner, step_seed(5, high_at, 0), []

    def forward(self, batch):
        self.seen.append(batch.padded_tokens)
        return self.learner(batch) * (50 if torch.initial_seed() == self.high else 1)


def stopped_at(step, tiny, folder, monkeypatch, **more):
    with monkeypatch.context() as patch:
        patch.setattr(
            Silent, "advance", lambda self, done, total, note="": done == step and os.kill(os.getpid(), signal.SIGTERM)
        )
        with pytest.raises(WorkFailed, match="SIGTERM"):
            trained(tiny, folder, **more)


def test_what_batches_were_held_to_lasts_when_the_training_goes_back_before_it(tiny, tmp_path, monkeypatch):
    """As after a restart of several processes: the checkpoint that it goes back to knows of no shortage."""
    feed = feed_of(tiny[1], step_tokens=60, epochs=8)
    same = {"feed": feed, "every": 10, "settings": MENDED}
    stopped_at(47, tiny, tmp_path, monkeypatch, learner=Watched(learner_of(tiny[0]), 56), **same)
    assert json.loads((tmp_path / "step-00000040" / "state.json").read_text())["max_padded_tokens"] is None
    checkpoint.hold_batches_to(Checkpoints(tmp_path, 10, "key"), "", 30)
    watched = Watched(learner_of(tiny[0]), 56)
    outcome, _ = trained(tiny, tmp_path, learner=watched, **same)
    assert outcome.returns == 1 and outcome.left_out == tuple(range(40, 57))
    longest = max(len(row.ids) for row in tiny[1])
    assert max(watched.seen) <= max(30, longest)
    assert outcome.max_padded_tokens == 30


@pytest.mark.parametrize(("key", "layout"), [("other", ""), ("key", "shards=2")])
def test_what_another_training_or_layout_was_held_to_is_not_taken_up(tiny, tmp_path, key, layout):
    checkpoint.hold_batches_to(Checkpoints(tmp_path, 2, key), layout, 30)
    outcome, _ = trained(tiny, tmp_path)
    assert outcome.max_padded_tokens is None


def test_a_checkpoint_of_another_layout_says_nothing_of_this_ones_memory(tiny, tmp_path, monkeypatch):
    stopped_at(3, tiny, tmp_path, monkeypatch, learner=Hungry(learner_of(tiny[0]), 120))
    path = tmp_path / "step-00000003" / "state.json"
    state = json.loads(path.read_text())
    assert state["max_padded_tokens"] <= 120
    path.write_text(json.dumps(state | {"layout": "shards=2"}))
    outcome, _ = trained(tiny, tmp_path, learner=Hungry(learner_of(tiny[0]), 10**6))
    assert outcome.max_padded_tokens is None


def test_a_row_that_does_not_fit_alone_is_told(tiny, tmp_path):
    with pytest.raises(WorkFailed, match="memory is short"):
        trained(tiny, tmp_path, learner=Hungry(learner_of(tiny[0]), 10))


def test_halving_keeps_every_row(tiny):
    batch = TokenBatch.of(tiny[1])
    parts = fitting([batch], batch.padded_tokens // 5)
    assert sum(part.targets for part in parts) == batch.targets
    assert sum(len(part.ids_BT) for part in parts) == len(tiny[1])


def test_training_ends_early_with_the_best_weights(tiny, tmp_path):
    seen = {}
    learner = learner_of(tiny[0])

    def score(done):
        seen[done] = weights_of(learner)
        return abs(done - 4)

    outcome, weights = trained(tiny, tmp_path, learner=learner, evaluation=Evaluation(2, score, patience=2))
    assert outcome.best_step == 4
    assert len(outcome.losses) == 8
    assert all(torch.equal(weights[name], seen[4][name]) for name in weights)


def test_sigterm_saves_and_the_next_run_goes_on(tiny, tmp_path, monkeypatch):
    whole = trained(tiny, tmp_path / "whole", dropout=0.1)
    with monkeypatch.context() as patch:
        patch.setattr(
            Silent, "advance", lambda self, done, total, note="": done == 3 and os.kill(os.getpid(), signal.SIGTERM)
        )
        with pytest.raises(WorkFailed, match="SIGTERM"):
            trained(tiny, tmp_path / "stopped", dropout=0.1)
    assert json.loads((tmp_path / "stopped" / "step-00000003" / "state.json").read_text())["key"] == "key"
    assert equal(trained(tiny, tmp_path / "stopped", dropout=0.1), whole)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_sixteen_bits_learn_alike(tiny, tmp_path, precision):
    full = trained(tiny, tmp_path / "full")
    half = trained(tiny, tmp_path / precision, settings=replace(SETTINGS, precision=precision))
    assert half[0].losses == pytest.approx(full[0].losses, rel=0.02)
    assert half[0].left_out == ()


def test_packed_dropout_keeps_the_mean_and_drops_at_its_rate():
    dropout = PackedDropout(0.05)
    inputs = torch.ones(1000, 577)
    torch.manual_seed(0)
    outputs = dropout(inputs)
    assert abs((outputs == 0).float().mean().item() - 0.05) < 1e-3
    assert abs(outputs.mean().item() - 1) < 1e-3
    assert torch.equal(dropout.eval()(inputs), inputs)
    rows = (outputs == 0).float()
    assert abs((rows[:, :-1] * rows[:, 1:]).mean().item() - 0.0025) < 2e-4
