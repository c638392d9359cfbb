import pytest

from danlu.retrieve.index import opened, read_questions
from danlu.retrieve.legs.search import Scores, Searcher, Weights
from danlu.retrieve.ranking.fuse import (
    BOTH,
    DENSE_CEILING,
    FOREIGN,
    PRIOR,
    STATIC,
    Measured,
    Question,
    measure_weights,
    prior_of,
    quality,
)
from indexes import Indexed, indexed


class Legs(Searcher):
    """Legs whose scores are given: passage N is section `s{N}`."""

    def __init__(self, **legs: Scores) -> None:
        self.given = legs

    def legs(self, question: str) -> dict[str, Scores]:
        return self.given

    def rows(self, query: str, parameters: object = ()) -> list[tuple[int, str]]:
        return [(id, f"s{id}") for id in range(1, 30)]


def questions(right: str, count: int = 40) -> list[Question]:
    return [Question(f"question {number}", "en", frozenset([right])) for number in range(count)]


RIGHT_FIRST, RIGHT_LATE = {1: 9.0, 2: 5.0, 3: 1.0}, {2: 9.0, 3: 8.0, 4: 7.0, 5: 6.0, 1: 0.1}


def test_a_dense_leg_that_hurts_gets_weight_zero() -> None:
    wrong = dict.fromkeys(range(2, 25), 9.0)
    legs = Legs(words={1: 3.0, 2: 2.9}, dense=wrong)
    assert measure_weights(Measured(legs, questions("s1")), "en", 0, PRIOR["en"]).dense == 0.0


def test_a_dense_leg_that_helps_is_held_below_the_floor_of_the_lexical_legs() -> None:
    legs = Legs(words=RIGHT_LATE, dense=RIGHT_FIRST)
    weights = measure_weights(Measured(legs, questions("s1")), "en", 0, PRIOR["en"])
    assert PRIOR["en"].dense < weights.dense <= DENSE_CEILING
    assert weights.words == pytest.approx(1 - weights.dense)


def test_without_questions_the_prior_stands() -> None:
    for language, prior in PRIOR.items():
        assert measure_weights(Measured(Legs(), []), language, 0, prior) == prior


def test_legs_that_are_equal_leave_the_prior_as_it_is() -> None:
    legs = Legs(words=RIGHT_FIRST, dense=RIGHT_FIRST)
    assert measure_weights(Measured(legs, questions("s1")), "en", 0, PRIOR["en"]) == PRIOR["en"]


@pytest.mark.parametrize("language", PRIOR)
def test_weights_add_up_to_one_and_english_has_no_bigrams(handbook_index: Indexed, language: str) -> None:
    own = [question for _, question in read_questions(handbook_index.chats) if question.language == language]
    with opened(handbook_index.index.blind) as searcher:
        weights = measure_weights(Measured(searcher, own), language, 0, PRIOR[language])
    assert weights.words + weights.bigrams + weights.dense == pytest.approx(1, abs=1e-3)
    assert min(weights.words, weights.bigrams, weights.dense) >= 0
    assert weights.dense <= DENSE_CEILING
    assert language == "zh" or weights.bigrams == 0


def test_quality_counts_the_first_right_section_among_ten() -> None:
    late = Measured(Legs(words={id: 20.0 - id for id in range(1, 15)}), [Question("q", "en", frozenset(["s4"]))])
    assert late.reciprocal_ranks(Weights(1, 0, 0)).tolist() == [0.25]
    never = Measured(Legs(words={id: 20.0 - id for id in range(1, 15)}), [Question("q", "en", frozenset(["s11"]))])
    assert quality(never.reciprocal_ranks(Weights(1, 0, 0))).recall_at_10 == 0.0


def test_at_the_dense_ceiling_an_identifier_still_tells_like_passages_apart() -> None:
    sections = "".join(
        f"## Part {n} of the machine\n\nThe part is cleaned with water and dried in the air. Order number QX-{n:04}/b.\n\n"
        for n in range(120)
    )
    weights = Weights(1 - DENSE_CEILING, 0.0, DENSE_CEILING)
    with opened(indexed({"parts.md": sections.encode()}).index.database) as searcher:
        for n in (0, 57, 119):
            for question in (f"QX-{n:04}/b", f"Which part has the order number qx-{n:04}/b?"):
                assert f"QX-{n:04}/b" in searcher.search(question, weights, 1)[0].text


def test_few_questions_leave_the_weights_nearer_to_the_prior_than_many() -> None:
    legs = Legs(words=RIGHT_LATE, dense=RIGHT_FIRST)
    few, many = (measure_weights(Measured(legs, questions("s1", count)), "en", 0, PRIOR["en"]) for count in (1, 40))
    assert PRIOR["en"].dense <= few.dense < many.dense


def test_a_question_in_another_language_than_the_documents_goes_by_an_encoder_that_reads_both() -> None:
    sections = "".join(f"## Part {n}\n\nThe part number {n} is cleaned with water.\n\n" for n in range(30))
    with opened(indexed({"parts.md": sections.encode()}).index.blind) as searcher:
        assert prior_of(searcher, "zh", static=False, reads_both=True) == FOREIGN
        assert prior_of(searcher, "en", static=False, reads_both=True) == BOTH["en"]
        assert prior_of(searcher, "zh", static=True, reads_both=False) == STATIC["zh"]
        assert prior_of(searcher, "zh", static=False, reads_both=False) == PRIOR["zh"]


def test_documents_in_a_third_language_keep_the_words_of_their_questions() -> None:
    text = "".join(
        f"## Abschnitt {n}\n\nDie Pumpe Nummer {n} wird jeden Monat mit Wasser gereinigt und danach von Hand geprüft.\n\n"
        for n in range(30)
    )
    with opened(indexed({"teile.md": text.encode()}).index.blind) as searcher:
        assert {language for (language,) in searcher.rows("SELECT DISTINCT language FROM passages")} == {"de"}
        assert prior_of(searcher, "en", static=False, reads_both=True) == BOTH["en"]
