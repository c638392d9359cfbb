"""What is said of a command line that cannot be understood."""

from pathlib import Path

import pytest

from commands import here


@pytest.mark.parametrize(
    ("typed", "usage", "meant"),
    [
        (["pretrian", "docs"], "usage: danlu [-h]", "did you mean pretrain?"),
        (["pretrain", "docs", "--out", "m", "--minuts", "1"], "usage: danlu pretrain", "did you mean --minutes?"),
        (["--lang", "zh", "head", "clasify", "x"], "用法：danlu head", "您要的是 classify 吗？"),
        (["--lang", "zh", "submit", "host", "trian", "x"], "用法：danlu [-h]", "不能为 'trian'"),
        (["pretrain", "docs", "--out", "m", "--qqq"], "usage: danlu pretrain", "unrecognized arguments: --qqq"),
    ],
)
def test_the_usage_of_that_command_and_the_likely_word_are_told(
    tmp_path: Path, typed: list[str], usage: str, meant: str
) -> None:
    done = here(tmp_path, *typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(usage)
    assert meant in done.stderr.split("error: ")[-1].split("错误：")[-1]
