import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.label.label_model import fit, majority


def simulated(seed: int, labels: int, documents: int = 4000, functions: int = 7):
    random = np.random.default_rng(seed)
    balance = random.dirichlet(np.full(labels, 6.0))
    true = random.choice(labels, documents, p=balance)
    accuracy, coverage = random.uniform(0.55, 0.95, functions), random.uniform(0.2, 0.8, functions)
    votes = np.zeros((documents, functions), np.uint8)
    for at in range(functions):
        right = random.random(documents) < accuracy[at]
        label = np.where(right, true, (true + random.integers(1, labels, documents)) % labels)
        votes[:, at] = np.where(random.random(documents) < coverage[at], label + 1, 0)
    return votes, true, accuracy, balance


def fitted(votes, labels, **more):
    patterns, counts = np.unique(votes, axis=0, return_counts=True)
    return fit(patterns, counts, labels, **more)


@pytest.mark.parametrize("labels", [2, 4])
def test_known_accuracies_and_balance_are_found_without_labels(labels: int) -> None:
    votes, true, accuracy, balance = simulated(3, labels)
    model = fitted(votes, labels)
    assert np.abs(model.accuracy_F - accuracy).max() < 0.06
    assert np.abs(model.balance_K - balance).max() < 0.06
    found = model.posterior(votes).argmax(axis=1)
    by_majority = (majority(votes, labels).argmax(axis=1) == true).mean()
    assert (found == true).mean() > by_majority - 0.005


def test_intervals_hold_the_true_accuracy_as_often_as_they_say() -> None:
    held = []
    for seed in range(25):
        votes, _, accuracy, _ = simulated(seed, 2, documents=1500)
        model = fitted(votes, 2)
        held += list((model.low_F <= accuracy) & (accuracy <= model.high_F))
    assert 0.88 < np.mean(held) <= 1


def test_functions_that_know_one_label_only_do_not_collapse_into_it() -> None:
    random = np.random.default_rng(0)
    true = (random.random(5000) < 0.5).astype(int)
    votes = np.zeros((5000, 6), np.uint8)
    for at in range(6):
        label = at % 2
        rate = np.where(true == label, 0.4, 0.08)
        votes[:, at] = (random.random(5000) < rate) * (label + 1)
    model = fitted(votes, 2)
    assert np.abs(model.balance_K - 0.5).max() < 0.05
    assert np.abs(model.accuracy_F - 0.4 / 0.48).max() < 0.05


def plain_em(votes, labels, prior, steps):
    """Dawid & Skene with abstention as an answer, one document at a time."""
    rates, balance = prior / prior.sum(axis=1, keepdims=True), np.full(labels, 1 / labels)
    for _ in range(steps):
        chances = np.zeros((len(votes), labels))
        for at, row in enumerate(votes):
            for label in range(labels):
                chances[at, label] = balance[label] * np.prod([rates[f, vote, label] for f, vote in enumerate(row)])
            chances[at] /= chances[at].sum()
        balance = (chances.sum(axis=0) + 1) / (len(votes) + labels)
        counts = prior.copy()
        for row, chance in zip(votes, chances, strict=True):
            for f, vote in enumerate(row):
                counts[f, vote] += chance
        rates = counts / counts.sum(axis=1, keepdims=True)
    return rates, balance


def test_the_fit_equals_a_plain_reference() -> None:
    from danlu.data.label import label_model

    votes, *_ = simulated(1, 3, documents=120, functions=4)
    patterns, counts = np.unique(votes, axis=0, return_counts=True)
    prior = label_model._prior(label_model._one_hot(patterns, 3), counts.astype(float), 4, 3)
    rates, balance = plain_em(votes, 3, prior, 400)
    model = fit(patterns, counts, 3)
    assert np.allclose(model.rates_FVK, rates, atol=1e-4)
    assert np.allclose(model.balance_K, balance, atol=1e-4)


def test_a_given_balance_is_kept() -> None:
    votes, *_ = simulated(2, 2)
    assert fitted(votes, 2, balance=(0.9, 0.1)).balance_K.tolist() == [0.9, 0.1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=1, max_size=30))
def test_any_votes_give_probabilities_and_intervals_in_order(rows: list[list[int]]) -> None:
    votes = np.array(rows, np.uint8)
    if not votes.any():
        return
    model = fitted(votes, 2)
    chances = model.posterior(votes)
    assert np.allclose(chances.sum(axis=1), 1) and (chances >= 0).all()
    assert (model.low_F <= model.accuracy_F + 1e-9).all() and (model.accuracy_F <= model.high_F + 1e-9).all()


def test_the_order_of_documents_makes_no_difference() -> None:
    votes, *_ = simulated(5, 2, documents=500)
    first, second = fitted(votes, 2), fitted(votes[::-1], 2)
    assert first.accuracy_F.tolist() == second.accuracy_F.tolist()
