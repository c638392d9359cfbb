from pathlib import Path

import pytest

from commands import here
from danlu.cli.speech import Speech, language_of
from danlu.core.errors import Phrase, UserError


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "en_US", "LC_MESSAGES": "zh_TW"}, "zh"),
        (["ask", "x", "--lang", "zh"], {"LANG": "en_US"}, "zh"),
        (["--lang=en"], {"LANG": "zh_CN"}, "en"),
    ],
)
def test_the_option_comes_before_the_locale(arguments: list[str], environment: dict[str, str], language: str) -> None:
    assert language_of(arguments, environment) == language


def test_an_error_is_said_with_what_the_user_gave() -> None:
    error = UserError("{what} {path}", "Look {{here}}: {path}", what=Phrase("No {kind} at", kind="folder"), path="a{b}")
    assert Speech("en").error(error) == "error: No folder at a{b}\nhint: Look {here}: a{b}"


@pytest.mark.parametrize(("arguments", "code"), [(["plan"], 2), (["run", "--until"], 2), (["--help"], 0)])
def test_chinese_is_spoken_by_option_and_by_locale(tmp_path: Path, arguments: list[str], code: int) -> None:
    by_option = here(tmp_path, "--lang", "zh", *arguments)
    by_locale = here(tmp_path, *arguments, LANG="zh_CN.UTF-8")
    english = here(tmp_path, *arguments)
    assert by_option.returncode == by_locale.returncode == english.returncode == code
    assert (by_option.stdout, by_option.stderr) == (by_locale.stdout, by_locale.stderr)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in by_option.stdout + by_option.stderr)
    assert english.stdout + english.stderr != by_option.stdout + by_option.stderr


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("bench/mine:2 with small edits, 97% of its words", "bench/mine:2 略有改动，占其词语的 97%"),
        ("text:3 in part, 60% of its words", "text:3 部分，占其词语的 60%"),
        ("a b:13 word for word, 100% of its words", "a b:13 原样，占其词语的 100%"),
        ("documents train", "训练 文档"),
        ("documents validation", "验证 文档"),
        ("groups test", "测试 组"),
    ],
)
def test_a_stored_text_is_translated_whole(stored: str, said: str) -> None:
    assert Speech("zh")(stored) == said


@pytest.mark.parametrize(
    ("stored", "said"),
    [("nothing in text", "text 中没有内容"), ("test is “text”", "test 为“text”"), ("no field label", None)],
)
def test_what_users_call_things_stays_as_it_is(stored: str, said: str | None) -> None:
    found = Speech("zh")(stored)
    assert found == said if said else found != stored and "label" in found
