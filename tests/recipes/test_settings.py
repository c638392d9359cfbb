from typing import Any

import pytest

from danlu.core.errors import UserError
from danlu.data.clean import CleanConfig
from danlu.data.questions import QuestionsConfig
from danlu.recipes.settings import Settings
from danlu.train.retriever import RetrieverConfig


def configured(values: dict[str, Any]) -> tuple[CleanConfig, QuestionsConfig, RetrieverConfig]:
    settings = Settings(values)
    configs = (
        settings.of("clean", CleanConfig), settings.of("make_questions", QuestionsConfig),
        settings.of("train_retriever", RetrieverConfig),
    )  # fmt: skip
    settings.check_all_used()
    return configs


def test_settings_reach_their_stages_and_the_rest_stays() -> None:
    clean, questions, retriever = configured({"clean.min_quality": 0.2, "make_questions.pair_languages": ["zh", "en"]})
    assert clean == CleanConfig(min_quality=0.2)
    assert questions.pair_languages == ("zh", "en")
    assert retriever == RetrieverConfig()


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        (
            {"clean.min_qualiti": 0.2},
            "unknown key `clean.min_qualiti`",
            "Did you mean `clean.min_quality`?",
        ),
        ({"cleen.rules": "manual"}, "unknown key `cleen.rules`", "Did you mean `clean.rules`?"),
        ({"rules": "manual"}, "unknown key `rules`", "clean.rules"),
        ({"clean": {"rules": "manual"}}, "unknown key `clean`", "clean.rules"),
        ({"zzz.qqq": 1}, "unknown key `zzz.qqq`", "The keys are"),
        ({"clean.min_quality": 2}, "set: `clean.min_quality` is 2", "--set"),
        ({"clean.min_quality": "lots"}, "`clean.min_quality` is 'lots'", "--set"),
        ({"clean.rules": "wob"}, "`clean.rules` is 'wob'", "--set"),
        ({"train_retriever.dimensions": 12.5}, "`train_retriever.dimensions` is 12.5", "--set"),
        ({"train_retriever.dimensions": None}, "`train_retriever.dimensions` is None", "--set"),
        ({"make_questions.pair_languages": [1]}, "`make_questions.pair_languages` is 1", "--set"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_with_what_would(values: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        configured(values)
    assert message in caught.value.message
    assert hint in caught.value.hint
