from danlu.core.answers import Grounded
from danlu.core.writing import Written
from danlu.evaluate.written import verdict
from danlu.release.bundle import writer

SHOWN = Grounded("Said. [1]", False, (), "en", 1.0)


def written(count: int, sentences: int, supported: int) -> list[Written]:
    dropped = {"uncited": sentences - supported} if supported < sentences else {}
    return [Written(SHOWN if supported else None, sentences, supported, dropped)] * count


def test_a_model_whose_sentences_are_supported_passes() -> None:
    found = verdict(written(40, 2, 2))
    assert found["passed"]
    assert (found["sentences"], found["supported"], found["answers_left"]) == (80, 80, 40)


def test_too_few_questions_do_not_pass_by_luck() -> None:
    assert not verdict(written(8, 2, 2))["passed"]


def test_a_model_that_makes_things_up_does_not_pass() -> None:
    found = verdict(written(60, 3, 2))
    assert not found["passed"]
    assert found["dropped"] == {"uncited": 60}


def test_a_model_that_leaves_many_questions_without_an_answer_does_not_pass() -> None:
    assert not verdict(written(60, 2, 2) + written(40, 0, 0))["passed"]


def test_a_release_names_the_model_that_may_write_and_no_other() -> None:
    assert writer({"written": {"tuned": verdict(written(40, 2, 2))}}) == "tuned"
    assert writer({"written": {"tuned": verdict(written(8, 2, 1))}}) == ""
    assert writer({}) == ""
