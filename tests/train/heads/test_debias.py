"""The adversary: what is said depends less on the protected attribute, and its gradient is the classifier's turned round."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.adversary import DebiasedLearner
from danlu.loop.label_batch import LabelBatch, LabelledRow
from danlu.train.heads.classify import ClassifyConfig, train_classifier
from danlu.train.heads.config import HeadInputs
from label_rows import write
from tiny_bert import make_tiny_bert


def applications(count: int, seed: int) -> list:
    """Texts that name a city; labels follow the word in half of them, and mostly the city in the others, where no word tells."""
    random = np.random.default_rng(seed)
    rows = []
    for number in random.integers(0, 10**6, count):
        city, is_told, is_good = ("paris", "rome")[random.integers(2)], random.random() < 0.5, random.random() < 0.5
        if not is_told:
            is_good = (city == "paris") == (random.random() < 0.85)
        word = ("good" if is_good else "bad") if is_told else "green"
        rows.append({"text": f"{word} film in {city} {number}", "label": "yes" if is_good else "no", "city": city})
    return rows


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debias")
    (folder / "out").mkdir()
    base = make_tiny_bert(folder / "base")
    data, apart = write(folder / "d.jsonl", applications(240, 0)), write(folder / "h.jsonl", applications(100, 1))
    config = ClassifyConfig(
        learning_rate=5e-3, epochs=8, near_threshold=1.0, debias_field="city", debias_strength=3.0,
        debias_for="demographic parity",
    )  # fmt: skip
    return train_classifier(
        HeadInputs(base, data, apart), config, Work(folder / "out", folder / "work", 0, 1, 1, Silent())
    )[1]


def test_the_gap_between_groups_shrinks_on_held_out_rows(report):
    before, after = report["test"]["without_debiasing"], report["test"]
    assert before["fairness"]["demographic_parity_gap"] > 0.3
    assert after["fairness"]["demographic_parity_gap"] < 0.5 * before["fairness"]["demographic_parity_gap"]
    assert after["accuracy"] > 0.6


def test_both_gaps_stand_in_the_report(report):
    for found in (report["test"], report["test"]["without_debiasing"]):
        assert found["fairness"]["equalised_odds_gap"] is not None
        assert sum(group["rows"] for group in found["fairness"]["groups"].values()) == 100


class _Fixed(torch.nn.Module):
    """A model whose logits are its weights."""

    def __init__(self):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.tensor([[0.3, -0.2], [0.1, 0.5]]))

    def forward(self, **inputs):
        return SimpleNamespace(logits=self.logits)


@pytest.mark.parametrize("sees_labels", [False, True])
def test_the_adversarys_gradient_is_turned_round(sees_labels):
    rows = [LabelledRow((1, 2), (), (0,), 0), LabelledRow((1,), (), (1,), 1)]

    def gradients(strength, share_done):
        torch.manual_seed(0)
        learner = DebiasedLearner(
            _Fixed(), labels=2, groups=2, is_multi_label=False, sees_labels=sees_labels, strength=strength
        )
        learner(LabelBatch.of(rows, 0, share_done)).backward()
        return learner.model.logits.grad.clone(), learner.adversary.weight.grad.clone()

    plain, _ = gradients(2.0, 0.0)
    once, its_own = gradients(1.0, 1.0)
    twice, its_own_again = gradients(2.0, 1.0)
    torch.testing.assert_close(twice - plain, 2 * (once - plain))
    torch.testing.assert_close(its_own, its_own_again)
    assert (once - plain).abs().max() > 1e-3
