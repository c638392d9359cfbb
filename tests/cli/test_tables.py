import pytest

from danlu.cli.tables import print_table, width


def test_wide_characters_take_two_columns() -> None:
    assert (width("abc"), width("中文"), width("ｗ"), width("é")) == (3, 4, 2, 1)


def test_columns_are_aligned_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["阶段", "n"], [["a", 1], ["bcdef", 22]])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["阶段   n", "a      1", "bcdef  22"]
