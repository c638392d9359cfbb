import pytest

from danlu.text.language_tags import stated_language


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("en-US", "en"), ("EN", "en"), ("eng", "en"), ("English", "en"), (" 英语 ", "en"), ("en_GB.UTF-8", "en"),
        ("zh-CN", "zh"), ("zh-Hant-TW", "zh"), ("cmn", "zh"), ("中文", "zh"), ("ja", "ja"), ("日本語", "ja"), ("fry", "fry"),
        ("", "und"), ("unknown", "und"), ("Klingon", "Klingon"), ("i-klingon", "i-klingon"), ("yue", "yue"),
    ],
)  # fmt: skip
def test_a_stated_language_becomes_a_short_code_where_that_is_clear(stated: str, code: str) -> None:
    assert stated_language(stated) == code
