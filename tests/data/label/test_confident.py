import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.label.confident import confident_joint, find_errors


def noisy(seed: int, labels: int, documents: int = 400):
    random = np.random.default_rng(seed)
    true = random.integers(0, labels, documents)
    scores = random.normal(0, 1, (documents, labels)) + 2.5 * np.eye(labels)[true]
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    wrong = random.random(documents) < 0.15
    given_labels = np.where(wrong, (true + random.integers(1, labels, documents)) % labels, true)
    return given_labels, chances, wrong


@pytest.mark.parametrize("labels", [2, 3, 5])
def test_suspects_and_joint_equal_cleanlab(labels: int) -> None:
    cleanlab = pytest.importorskip("cleanlab")
    given_labels, chances, _ = noisy(labels, labels)
    theirs = cleanlab.filter.find_label_issues(
        given_labels, chances, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    assert find_errors(given_labels, chances).tolist() == theirs.tolist()
    joint = cleanlab.count.compute_confident_joint(given_labels, chances, calibrate=False)
    assert (confident_joint(given_labels, chances) == joint).all()


def test_planted_errors_are_found() -> None:
    given_labels, chances, wrong = noisy(0, 3)
    found = find_errors(given_labels, chances)
    assert wrong[found].mean() > 0.8
    assert wrong[found].sum() / wrong.sum() > 0.7


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(1, 60))
def test_every_suspect_is_contradicted_and_ranked(seed: int, labels: int, documents: int) -> None:
    given_labels, chances, _ = noisy(seed, labels, documents)
    found = find_errors(given_labels, chances)
    confidence = chances[found, given_labels[found]]
    assert len(set(found.tolist())) == len(found)
    assert (np.diff(confidence) >= 0).all()
