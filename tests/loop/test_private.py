import copy

import numpy as np
import pytest
import torch
from opacus.accountants import RDPAccountant

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.loop.adapters import add_lora
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.loop import train
from danlu.loop.optimizers import Optimization
from danlu.loop.private import PoissonFeed, PrivateBatch, PrivateLearner, _without_not_finite, chance_seed, read_secret
from danlu.loop.token_batch import TokenBatch, target_count
from danlu.model.chat import ChatFormat
from danlu.model.chats import read_chats
from danlu.model.loading import load_model
from danlu.train.private import PrivacyConfig, plan_privacy, spent
from tiny import make_tiny_checkpoint, write_chats

SECRET = b"s" * 32


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    chat = ChatFormat.load(folder)
    rows = [chat.training_ids(one.messages) for one in read_chats(write_chats(folder / "chats.jsonl", count=20))]
    return load_model(folder, threads=1), rows


def learner_of(tiny):
    torch.manual_seed(0)
    model = add_lora(copy.deepcopy(tiny[0]), rank=4, alpha=8, dropout=0.0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)  # zero as LoRA starts, it would leave A without a gradient
    return CausalLearner(model)


def weights_of(learner):
    return [weight for weight in learner.parameters() if weight.requires_grad]


def test_clipping_is_that_of_a_loop_over_single_rows(tiny):
    rows, clip = tiny[1][:5], 0.7
    plain = learner_of(tiny)
    expected = [torch.zeros_like(weight) for weight in weights_of(plain)]
    norms = []
    for row in rows:
        plain.zero_grad()
        (plain(TokenBatch.of([row])) / target_count([row])).backward()
        gradients = [weight.grad.clone() for weight in weights_of(plain)]
        norms.append(float(torch.cat([gradient.flatten() for gradient in gradients]).norm()))
        for total, gradient in zip(expected, gradients, strict=True):
            total += gradient * min(1.0, clip / norms[-1])
    assert max(norms) > clip  # something was clipped
    private = PrivateLearner(learner_of(tiny), clip_norm=clip, noise_multiplier=0.0)
    found = private.clipped_sums(TokenBatch.of(rows), weights_of(private))
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-6)


def test_the_loops_way_back_puts_the_private_gradient_into_the_weights(tiny):
    private = PrivateLearner(learner_of(tiny), clip_norm=1.0, noise_multiplier=0.0)
    rows = TokenBatch.of(tiny[1][:4])
    sums = private.clipped_sums(rows, weights_of(private))
    for _ in range(2):  # a second batch adds to the first, and finds nothing left over
        loss = private(PrivateBatch(rows, b"k" * 16))
        loss.backward()
        assert loss.item() == 0.0
    for weight, total in zip(weights_of(private), sums, strict=True):
        torch.testing.assert_close(weight.grad, 2 * total)


def test_a_row_without_a_finite_gradient_counts_as_zero(tiny):
    private = PrivateLearner(learner_of(tiny), clip_norm=1.0, noise_multiplier=0.0)
    weights = weights_of(private)
    sound = private.clipped_sums(TokenBatch.of(tiny[1][:2]), weights)
    factor_B, kept = _without_not_finite(
        torch.tensor([1.0, float("nan")]), torch.tensor([True, False]), [torch.tensor([[2.0], [float("inf")]])]
    )
    assert torch.equal(torch.einsum("b,b...->...", factor_B, kept[0]), torch.tensor([2.0]))
    assert all(bool(total.isfinite().all()) for total in sound)


def test_noise_has_its_spread_comes_once_and_follows_from_the_key(tiny):
    private = PrivateLearner(learner_of(tiny), clip_norm=2.0, noise_multiplier=3.0)

    def noise(key):
        private.zero_grad()
        private(PrivateBatch(None, key)).backward()
        return torch.cat([weight.grad.flatten() for weight in weights_of(private)])

    one = noise(b"1" * 16)
    assert float(one.std()) == pytest.approx(6.0, rel=0.05) and abs(float(one.mean())) < 0.3
    assert torch.equal(one, noise(b"1" * 16)) and not torch.equal(one, noise(b"2" * 16))
    assert float(noise(None).abs().sum()) == 0.0


def test_rows_are_drawn_each_on_its_own_and_again_the_same(tiny):
    feed = PoissonFeed(tiny[1], 5, 400, 10_000, SECRET)
    drawn = [feed.drawn(step) for step in range(feed.steps)]
    assert drawn[7] == feed.drawn(7) and drawn[7] != drawn[8]
    sizes = np.array([len(rows) for rows in drawn])
    assert sizes.mean() == pytest.approx(5, rel=0.1) and sizes.var() == pytest.approx(20 * 0.25 * 0.75, rel=0.3)
    assert np.bincount(np.concatenate(drawn)).min() > 60
    assert {feed.targets(step) for step in range(3)} == {5}
    for step in range(3):
        batches = feed.batches(step)
        assert [batch.noise_key is None for batch in batches] == [False] + [True] * (len(batches) - 1)
        assert sum(batch.targets for batch in batches) == len(drawn[step])
    assert {feed.tokens(step) for step in range(3)} == {round(sum(len(row.ids) for row in tiny[1]) / 4)}
    assert chance_seed(SECRET) != chance_seed(b"t" * 32)
    assert feed.drawn(0) != PoissonFeed(tiny[1], 5, 400, 10_000, b"t" * 32).drawn(0)


def test_a_private_training_runs_through_the_loop_and_resumes_with_the_same_bits(tiny, tmp_path):
    def run(folder, steps):
        private = PrivateLearner(learner_of(tiny), clip_norm=1.0, noise_multiplier=0.5)
        feed = PoissonFeed(tiny[1], 4, 6, 300, SECRET)
        how = Optimization(1e-3, 0.0, 0.0, 1.0, recompute_above_tokens=10**9)
        stopped = Checkpoints(folder, 2, "key")
        if steps < 6:
            with pytest.raises(KeyboardInterrupt):
                train(private, feed, how, stopped, Interrupting(steps), seed=1)
            return None
        train(private, feed, how, stopped, Silent(), seed=1)
        return torch.cat([weight.detach().flatten() for weight in weights_of(private)])

    class Interrupting(Silent):
        def __init__(self, steps):
            self.steps = steps

        def advance(self, done, total, note=""):
            if done == self.steps:
                raise KeyboardInterrupt

    whole = run(tmp_path / "whole", 6)
    run(tmp_path / "killed", 3)
    assert torch.equal(run(tmp_path / "killed", 6), whole)


def test_what_is_spent_is_what_opacus_accounts_step_by_step():
    plan = plan_privacy(PrivacyConfig(epsilon=3.0, steps=40, expected_rows=20), 200)
    accountant = RDPAccountant()
    for _ in range(40):
        accountant.step(noise_multiplier=plan.noise_multiplier, sample_rate=0.1)
    told = spent(plan, 40)
    assert told["epsilon"] == accountant.get_epsilon(delta=plan.delta)
    assert 2.9 < told["epsilon"] <= 3.0 and told["delta"] == plan.delta == 0.0005
    assert told["accountant"] == "rdp (opacus)" and told["sampling"] == "poisson"
    assert spent(plan, 10)["epsilon"] < told["epsilon"] and spent(plan, 0)["epsilon"] == 0.0


def test_less_epsilon_needs_more_noise():
    tight, loose = (plan_privacy(PrivacyConfig(epsilon=epsilon), 500) for epsilon in (1.0, 8.0))
    assert tight.noise_multiplier > loose.noise_multiplier > 0


def test_a_promise_that_is_none_is_refused():
    with pytest.raises(UserError, match="too few to hide one among"):
        plan_privacy(PrivacyConfig(), 5)
    with pytest.raises(UserError, match=r"must be below 0\.01"):
        plan_privacy(PrivacyConfig(delta=0.05), 100)


def test_the_secret_is_drawn_once_and_is_the_owners_alone(tmp_path):
    first = read_secret(tmp_path / "work")
    assert read_secret(tmp_path / "work") == first and len(first) == 32
    assert read_secret(tmp_path / "other") != first
    assert (tmp_path / "work" / "private.secret").stat().st_mode & 0o777 == 0o600
