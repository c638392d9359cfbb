import copy

import pytest
import torch

from danlu.core.errors import WorkFailed
from danlu.core.progress import Silent
from danlu.loop.adapters import PackedDropout, add_lora
from danlu.loop.batches import Limits, plan_steps
from danlu.loop.checkpoint import load_state
from danlu.loop.loop import Checkpoints, Optimization, train
from danlu.loop.loss import sum_of_nats, target_count
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.model.loading import load_model
from tiny import make_tiny_checkpoint, write_chats


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    chat = ChatFormat.load(folder)
    chats = read_chats(write_chats(folder / "chats.jsonl"))
    return load_model(folder, threads=2), [chat.training_ids(one.messages) for one in chats]


def optimization(recompute_above_tokens=10_000):
    return Optimization(3e-2, 0.1, 0.0, 1.0, recompute_above_tokens, autocast_bfloat16=False)


def trained(tiny, folder, *, micro_batch_tokens=10_000, dropout=0.0, recompute_above_tokens=10_000, stop_after=None):
    model, rows = tiny
    lengths = [len(row.ids) for row in rows]
    steps = plan_steps(lengths, 3, Limits(200, micro_batch_tokens, 10**6, 3))
    torch.manual_seed(7)
    adapted = add_lora(copy.deepcopy(model), rank=4, alpha=8, dropout=dropout)
    checkpoints = Checkpoints(folder, 2, "key")
    settings = optimization(recompute_above_tokens)
    losses = train(adapted, rows, steps[:stop_after], settings, checkpoints, Silent())
    return losses, {name: weight.detach() for name, weight in adapted.named_parameters() if weight.requires_grad}


def equal(left, right):
    return left[0] == right[0] and all(torch.equal(weight, right[1][name]) for name, weight in left[1].items())


def test_the_loss_is_the_models_own_mean_over_the_mask(tiny):
    model, rows = tiny
    with torch.no_grad():
        for row in rows[:3]:
            ids = torch.tensor([row.ids])
            labels = torch.where(torch.tensor([row.loss_mask]), ids, -100)
            ours = sum_of_nats(model, [row]) / target_count([row])
            torch.testing.assert_close(ours, model(input_ids=ids, labels=labels).loss)
        together = sum_of_nats(model, rows)
        torch.testing.assert_close(together, sum(sum_of_nats(model, [row]) for row in rows))


def test_training_lowers_the_loss(tiny, tmp_path):
    losses, _ = trained(tiny, tmp_path)
    assert losses[-1] < losses[0] - 0.1


def test_accumulated_micro_batches_equal_the_big_batch(tiny, tmp_path):
    big = trained(tiny, tmp_path / "big")
    small = trained(tiny, tmp_path / "small", micro_batch_tokens=1)
    assert small[0] == pytest.approx(big[0], rel=1e-4)
    # AdamW divides by the gradient's size, so rounding grows in weights that hardly learn.
    for name, weight in big[1].items():
        torch.testing.assert_close(small[1][name], weight, rtol=1e-2, atol=2e-3)


def test_recomputed_activations_give_the_same_bits(tiny, tmp_path):
    kept = trained(tiny, tmp_path / "kept", dropout=0.1)
    recomputed = trained(tiny, tmp_path / "recomputed", dropout=0.1, recompute_above_tokens=0)
    assert equal(kept, recomputed)


def test_resume_after_kill_equals_uninterrupted_run(tiny, tmp_path, monkeypatch):
    whole = trained(tiny, tmp_path / "whole", dropout=0.1)

    class Killed(BaseException):
        pass

    def killed_at(folder, step):
        def advance(self, done, total, note=""):
            if done == step:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Silent, "advance", advance)
            with pytest.raises(Killed):
                trained(tiny, folder, dropout=0.1)

    for step in (1, 2, 3, 5):
        folder = tmp_path / str(step)
        killed_at(folder, step)
        assert equal(trained(tiny, folder, dropout=0.1), whole)


def test_a_checkpoint_of_another_training_is_not_taken_up(tiny, tmp_path):
    trained(tiny, tmp_path)
    assert load_state(tmp_path, "key") is not None
    assert load_state(tmp_path, "other") is None


def test_divergence_fails_with_a_way_out(tiny, tmp_path):
    model, rows = tiny
    broken = copy.deepcopy(model)
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    steps = plan_steps([len(row.ids) for row in rows], 3, Limits(400, 400, 10**6, 1))
    adapted = add_lora(broken, rank=4, alpha=8, dropout=0.0)
    with pytest.raises(WorkFailed, match="diverged"):
        train(adapted, rows, steps, optimization(), Checkpoints(tmp_path, 2, "key"), Silent())


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
