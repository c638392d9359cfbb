import json
from collections.abc import Iterator

import numpy as np
import pytest

from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher, fuse
from danlu.retrieve.ranking.fuse import PRIOR, Question
from danlu.retrieve.ranking.learn_order import FEWEST_QUESTIONS, Trial, learn_order
from danlu.retrieve.ranking.reorder import LOOKED_AT, MEASURES, Order, measures, order_of, reordered
from indexes import indexed

WEIGHTS = PRIOR["en"]
COUNT = 60


SUBJECTS = [f"{a}{b}{c}o" for a in ("bak", "dem", "fil", "gor", "hul", "jan") for b in "aeiou" for c in "lt"]
FILL = (
    "People walk along the quiet river every morning before the shops open, and children carry their books to school"
    " while the baker puts fresh bread into the window and the old clock above the market strikes eight."
)


def _guide() -> bytes:
    """Every subject has a section of its own, beside one that speaks of it more often but later on."""
    parts = []
    for subject in SUBJECTS:
        parts.append(f"# Notes of the day\n\n{FILL} After these words comes the {subject}, and the {subject} again.\n")
        parts.append(f"# How it is done\n\nThe {subject} is here. {FILL} There is nothing more to say of it.\n")
    return "\n".join(parts).encode()


@pytest.fixture(scope="module")
def blind() -> Iterator[Searcher]:
    with opened(indexed({"guide.md": _guide()}).index.blind) as found:
        yield found


@pytest.fixture(scope="module")
def questions(blind: Searcher) -> list[Question]:
    rows = blind.rows("SELECT section, text FROM passages ORDER BY id")
    wanted = {text.split()[1]: section for section, text in rows if " is here. " in text}
    return [Question(subject, "en", frozenset([section])) for subject, section in sorted(wanted.items())]


def test_what_stands_first_is_learnt_and_wins_on_questions_that_a_fold_did_not_learn(
    blind: Searcher, questions: list[Question]
) -> None:
    assert len(questions) == COUNT
    trial = learn_order(blind, questions, WEIGHTS, 0)
    assert trial.order is not None and trial.gain[0] > 0 and trial.questions == COUNT
    legs = blind.legs(questions[0].text)
    ranked = fuse(legs, WEIGHTS)
    section = dict(blind.rows("SELECT id, section FROM passages"))
    first = reordered(blind, questions[0].text, legs, ranked, trial.order)[0]
    assert section[ranked[0][0]] not in questions[0].sections and section[first[0]] in questions[0].sections


def test_what_cannot_be_learnt_is_not_kept(blind: Searcher, questions: list[Question]) -> None:
    sections = [question.sections for question in questions]
    rng = np.random.default_rng(0)
    wrong = [Question(q.text, "en", sections[at]) for q, at in zip(questions, rng.permutation(COUNT), strict=True)]
    assert learn_order(blind, wrong, WEIGHTS, 0).order is None


def test_few_questions_teach_nothing(blind: Searcher, questions: list[Question]) -> None:
    assert learn_order(blind, questions[: FEWEST_QUESTIONS - 1], WEIGHTS, 0) == Trial(
        None, FEWEST_QUESTIONS - 1, (0.0, 0.0, 0.0)
    )
    assert learn_order(blind, [Question("unheard of", "en", frozenset(["x"]))] * 50, WEIGHTS, 0).questions <= 50


def test_learning_twice_gives_the_same_numbers_and_they_survive_being_written(
    blind: Searcher, questions: list[Question]
) -> None:
    first, second = (learn_order(blind, questions, WEIGHTS, 0) for _ in range(2))
    assert first == second
    assert order_of(json.loads(json.dumps(first.facts()))) == first.order
    assert order_of(None) is None and order_of(Trial(None, 3, (0.0, 0.0, 0.0)).facts()) is None


def test_every_passage_stays_and_what_lies_deep_stays_where_it_is(blind: Searcher, questions: list[Question]) -> None:
    legs = {"words": {id: 1.0 / id for id in range(1, 81)}, "bigrams": {}, "dense": {}}
    ranked = fuse(legs, WEIGHTS)
    order = Order((0.0,) * len(MEASURES), (1.0,) * len(MEASURES), (-1.0,) + (0.0,) * (len(MEASURES) - 1))
    found = reordered(blind, questions[0].text, legs, ranked, order)
    assert found[:LOOKED_AT] == ranked[:LOOKED_AT][::-1] and found[LOOKED_AT:] == ranked[LOOKED_AT:]
    assert reordered(blind, "", {"words": {}, "bigrams": {}, "dense": {}}, [], order) == []


def test_measures_are_finite_for_a_question_of_unknown_words(blind: Searcher) -> None:
    near = [(1, 1.0), (2, 0.5)]
    found = measures(blind, "unheard 从未", {"words": {1: 1.0}, "bigrams": {}, "dense": {}}, near)
    assert found.shape == (2, len(MEASURES)) and np.isfinite(found).all()
