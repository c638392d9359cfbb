"""Coefficients against published examples, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.data.label.agreement import agreement, cohen_kappa, compare, fleiss_kappa, krippendorff_alpha, ratings_of
from danlu.data.label.records import Label
from label_ground import labels, mails

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units, missing values.
KRIPPENDORFF = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
# Fleiss 1971, table 1 as in the worked example of fourteen raters and ten subjects; kappa 0.210.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def krippendorff_units() -> np.ndarray:
    rows = [[0 if cell == "." else int(cell) for cell in line.split()] for line in KRIPPENDORFF.strip().splitlines()]
    return np.array(rows).T


@pytest.mark.parametrize(("scale", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(scale: str, expected: float) -> None:
    units = krippendorff_units()
    assert krippendorff_alpha(units, np.ones((1, 12)), scale, [1, 2, 3, 4, 5])[0] == pytest.approx(expected, abs=5e-4)


def test_fleiss_kappa_of_the_published_example() -> None:
    units = np.array([[label for label, count in enumerate(row, 1) for _ in range(count)] for row in FLEISS])
    assert fleiss_kappa(units, np.ones((1, 10)))[0] == pytest.approx(0.210, abs=5e-4)


def test_cohen_kappa_of_a_worked_example() -> None:
    pairs = np.array([[1, 1]] * 20 + [[1, 2]] * 5 + [[2, 1]] * 10 + [[2, 2]] * 15)
    assert cohen_kappa(pairs, np.ones((1, 50)))[0] == pytest.approx(0.4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=40))
def test_cohen_kappa_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    columns = np.array(pairs)
    ours = cohen_kappa(columns, np.ones((1, len(pairs))))[0]
    if len(set(columns.ravel())) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(columns[:, 0], columns[:, 1]), abs=1e-9)


def test_equal_rows_with_weights_are_the_same_as_rows_repeated() -> None:
    rows = np.array([[1, 1, 2], [2, 2, 0], [1, 2, 2]])
    counts = np.array([4, 3, 3])
    repeated = np.repeat(rows, counts, axis=0)
    for measure in (fleiss_kappa, lambda u, w: krippendorff_alpha(u, w, "nominal")):
        assert measure(rows, counts[None].astype(float))[0] == pytest.approx(measure(repeated, np.ones((1, 10)))[0])


def test_the_interval_holds_the_value_and_one_label_everywhere_is_no_agreement() -> None:
    documents = mails(5)
    first = labels(documents, [document.doc_id.split("-")[0] for document in documents], "anna")
    second = labels(documents, ["ham"] * 4 + [document.doc_id.split("-")[0] for document in documents[4:]], "ben")
    found = compare([first, second], "nominal", seed=0)
    kappa = found["pairs"][0]["cohen_kappa"]
    assert kappa["low"] <= kappa["value"] <= kappa["high"] < 1
    assert found["pairs"][0]["between"] == ["human: anna", "human: ben"]
    same = compare([labels(documents, ["ham"] * 40, "a"), labels(documents, ["ham"] * 40, "b")], "nominal", seed=0)
    assert same["krippendorff_alpha"]["value"] is None


def test_labels_of_different_texts_are_not_compared() -> None:
    rows = [Label("d", "d", "old", "x", "human", "a"), Label("d", "d", "new", "x", "human", "b")]
    assert (ratings_of(rows, ["x"]).codes_UA > 0).sum(axis=1).tolist() == [1, 1]


def test_several_choices_of_one_person_are_one_answer() -> None:
    rows = [Label("d", "d", "h", name, "human", "a") for name in ("x", "y")] + [Label("d", "d", "h", "x", "human", "b")]
    assert ratings_of(rows, ["x", "y"]).names == ("x", "x | y")


def test_what_cannot_be_compared_is_told() -> None:
    documents = mails()
    one = labels(documents, ["ham"] * 8)
    with pytest.raises(UserError, match="two annotators"):
        compare([one], "nominal", 0)
    with pytest.raises(UserError, match="is no number"):
        compare([one, labels(documents, ["ham"] * 8, "ben")], "interval", 0)


def test_the_same_seed_gives_the_same_interval() -> None:
    documents = mails(3)
    both = [labels(documents, ["ham", "spam"] * 12, name) for name in ("a", "b")]
    ratings = ratings_of([*_read(both[0]), *_read(both[1])], ["ham", "spam"])
    assert agreement(ratings, "nominal", 1) == agreement(ratings, "nominal", 1)


def _read(artifact):
    from danlu.data.label.records import read_labels

    return read_labels(artifact)
