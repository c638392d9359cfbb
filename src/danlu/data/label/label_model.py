"""The label model: how often each labelling function is right, learnt from where functions agree and conflict.

A document has one true label, drawn by the class balance. Given it, each function votes for a label or abstains, by a table of
its own and independently of the others: the observers of Dawid & Skene (1979, doi 10.2307/2346806), fitted by expectation
maximisation, with abstention as one more answer, as the generative model of data programming has it (Ratner et al. 2016,
arXiv 1605.07723). Abstaining must be part of the table: functions that can vote for one label only never conflict with their
own kind, and a model of votes alone explains them best by one label for everything (seen on real reviews).

That functions are better than guessing is the assumption that tells right from wrong without any known label. It enters
as a Dirichlet prior, in the weight of `PRIOR_VOTES` votes for each function.

Only which functions voted what matters, so the fit works on distinct patterns of votes with their counts; memory does
not grow with documents. Intervals are Laplace's: the curvature of the log posterior at its maximum, from the gradient
that Fisher's identity gives (the expected complete-data score), carried to the accuracies by the delta method. They hold
what sampling leaves open, and nothing of what the model gets wrong: functions that copy one another look surer than they are.

Letters in shapes: P patterns, F functions, V votes (0 for none, or 1 + the label's place), K labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

PRIOR_VOTES = 10.0
PRIOR_ACCURACY = 0.7
"""Before any data a function is taken to be right in seven of ten votes."""
_MAX_STEPS = 2000
_TOLERANCE = 1e-7
_Z_95 = 1.959964
_DIFFERENCE = 1e-4
_TINY = 1e-12


@dataclass(frozen=True)
class LabelModel:
    """What was learnt."""

    rates_FVK: F64
    """Probability of each vote of each function, given the true label."""
    balance_K: F64
    """Share of each label among all documents."""
    accuracy_F: F64
    """How probably a function is right, where it votes."""
    low_F: F64
    high_F: F64
    """The 95 % interval of the accuracy."""

    def posterior(self, votes_PF: U8) -> F64:
        """Probability of each label for each pattern of votes, shape PK."""
        return _posterior(_one_hot(votes_PF, len(self.balance_K)), self.rates_FVK, self.balance_K)


def fit(votes_PF: U8, counts_P: NDArray[np.int64], labels: int, balance: tuple[float, ...] = ()) -> LabelModel:
    """Fit the model to patterns of votes that occurred `counts_P` times; the balance is learnt where it is not given."""
    weights_P = counts_P.astype(np.float64)
    hot = _one_hot(votes_PF, labels)
    prior_FVK = _prior(hot, weights_P, votes_PF.shape[1], labels)
    balance_K = np.array(balance) if balance else np.full(labels, 1 / labels)
    rates_FVK = prior_FVK / prior_FVK.sum(axis=1, keepdims=True)
    for _ in range(_MAX_STEPS):
        before = rates_FVK
        posterior_PK = _posterior(hot, rates_FVK, balance_K)
        if not balance:
            balance_K = (weights_P @ posterior_PK + 1) / (weights_P.sum() + labels)
        expected_FVK = (hot.T @ (weights_P[:, None] * posterior_PK)).reshape(prior_FVK.shape) + prior_FVK
        rates_FVK = expected_FVK / expected_FVK.sum(axis=1, keepdims=True)
        if np.abs(rates_FVK - before).max() < _TOLERANCE:
            break
    accuracy_F = _accuracies(rates_FVK, balance_K)
    half_F = _Z_95 * _errors(hot, weights_P, rates_FVK, balance_K, prior_FVK, fixed_balance=bool(balance))
    logits_F = _logit(accuracy_F)
    return LabelModel(rates_FVK, balance_K, accuracy_F, _expit(logits_F - half_F), _expit(logits_F + half_F))


def majority(votes_PF: U8, labels: int) -> F64:
    """The share of votes for each label, shape PK: what the label model has to beat. Even where nothing voted."""
    tally_PK = np.stack([(votes_PF == label + 1).sum(axis=1) for label in range(labels)], axis=1).astype(np.float64)
    total_P1 = tally_PK.sum(axis=1, keepdims=True)
    return np.where(total_P1 > 0, tally_PK / np.maximum(total_P1, 1), 1 / labels)


def _one_hot(votes_PF: U8, labels: int) -> Any:
    """A scipy CSR matrix with a one for each vote of each function, shape P(F·V)."""
    from scipy.sparse import csr_matrix

    patterns, functions = votes_PF.shape
    columns = (np.arange(functions) * (labels + 1) + votes_PF).ravel()
    starts = np.arange(patterns + 1) * functions
    return csr_matrix((np.ones(len(columns)), columns, starts), (patterns, functions * (labels + 1)))


def _prior(hot: Any, weights_P: F64, functions: int, labels: int) -> F64:
    """Pseudo-documents: for each label some on which the function votes as often as it does on real ones."""
    share_FV = (hot.T @ weights_P).reshape(functions, labels + 1) / weights_P.sum()
    voted_F = np.maximum(share_FV[:, 1:].sum(axis=1), _TINY)
    documents_F = PRIOR_VOTES / (labels * voted_F)
    lift_LK = np.full((labels, labels), labels * (1 - PRIOR_ACCURACY) / (labels - 1))
    np.fill_diagonal(lift_LK, labels * PRIOR_ACCURACY)
    votes_FLK = documents_F[:, None, None] * share_FV[:, 1:, None] * lift_LK
    abstained_FK = np.maximum(documents_F[:, None] - votes_FLK.sum(axis=1), 0)
    return np.concatenate((abstained_FK[:, None], votes_FLK), axis=1)


def _posterior(hot: Any, rates_FVK: F64, balance_K: F64) -> F64:
    scores_PK = hot @ np.log(np.maximum(rates_FVK, _TINY)).reshape(-1, len(balance_K)) + np.log(balance_K)
    chances_PK = np.exp(scores_PK - scores_PK.max(axis=1, keepdims=True))
    return np.asarray(chances_PK / chances_PK.sum(axis=1, keepdims=True))


def _accuracies(rates_FVK: F64, balance_K: F64) -> F64:
    joint_FLK = rates_FVK[:, 1:] * balance_K
    right_F = np.trace(joint_FLK, axis1=1, axis2=2)
    return np.asarray(right_F / np.maximum(joint_FLK.sum(axis=(1, 2)), _TINY))


def _errors(hot: Any, weights_P: F64, rates_FVK: F64, balance_K: F64, prior_FVK: F64, fixed_balance: bool) -> F64:
    """Standard errors of the accuracies' logits. Parameters are logs of rates of votes that occur, relative to abstaining."""
    labels = len(balance_K)
    occurs_FVK = np.broadcast_to((hot.sum(axis=0).reshape(-1, labels + 1) > 0)[:, :, None], rates_FVK.shape).copy()
    occurs_FVK[:, 0] = False

    def tables(at: F64) -> tuple[F64, F64]:
        logs_FVK = np.log(np.maximum(rates_FVK, _TINY))
        logs_FVK[occurs_FVK] += at[: occurs_FVK.sum()]
        moved = np.exp(logs_FVK)
        shares_K = balance_K * np.exp(np.concatenate(([0.0], at[occurs_FVK.sum() :])) if not fixed_balance else 0)
        return moved / moved.sum(axis=1, keepdims=True), shares_K / shares_K.sum()

    def score(at: F64) -> F64:
        moved_FVK, shares_K = tables(at)
        mass_PK = weights_P[:, None] * _posterior(hot, moved_FVK, shares_K)
        expected_FVK = (hot.T @ mass_PK).reshape(moved_FVK.shape) + prior_FVK
        slope_FVK = expected_FVK - moved_FVK * expected_FVK.sum(axis=1, keepdims=True)
        if fixed_balance:
            return np.asarray(slope_FVK[occurs_FVK])
        slope_K = mass_PK.sum(axis=0) + 1 - shares_K * (weights_P.sum() + labels)
        return np.concatenate((slope_FVK[occurs_FVK], slope_K[1:]))

    size = int(occurs_FVK.sum()) + (0 if fixed_balance else labels - 1)
    steps = np.eye(size) * _DIFFERENCE
    curvature = np.stack([(score(-step) - score(step)) / (2 * _DIFFERENCE) for step in steps])
    logits = [(_logit(_accuracies(*tables(step))) - _logit(_accuracies(*tables(-step)))) for step in steps]
    slope_NF = np.stack(logits) / (2 * _DIFFERENCE)
    covariance = np.linalg.pinv((curvature + curvature.T) / 2, rcond=1e-10, hermitian=True)
    return np.asarray(np.sqrt(np.maximum(np.einsum("nf,nm,mf->f", slope_NF, covariance, slope_NF), 0)))


def _logit(share: F64) -> F64:
    share = np.clip(share, _TINY, 1 - _TINY)
    return np.asarray(np.log(share / (1 - share)))


def _expit(value: F64) -> F64:
    return np.asarray(1 / (1 + np.exp(-value)))
