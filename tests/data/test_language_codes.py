import pytest

from danlu.core.errors import UserError
from danlu.data.clean import CleanConfig
from danlu.data.language_codes import check_language


@pytest.mark.parametrize("code", ["zh", "en", "und", "yue", "se", "he"])
def test_codes_that_exist_are_taken(code: str) -> None:
    check_language("clean.languages", code)


@pytest.mark.parametrize(
    ("code", "meant"), [("zn", "zh"), ("eng", "en"), ("cn", "zh"), ("ZH", "zh"), ("Chinese", "zh"), ("e", "en")]
)
def test_what_is_no_code_is_told_with_what_was_meant(code: str, meant: str) -> None:
    with pytest.raises(UserError, match=f"{code} is no code .* {meant}"):
        CleanConfig(languages=("en", code)).check()
