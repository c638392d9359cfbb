import pytest

from danlu.data.lines import LineRules, line_edits
from danlu.text.offsets import apply

LONG = "x" * 1001


def kept(text: str, rules: LineRules = "c4") -> str:
    return apply(text, list(line_edits(text, rules)))[0]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (f"A line with {LONG} in it.", "line with an endless word"),
        ("A menu without any mark", "line without an end mark"),
        ("It goes on...", "line without an end mark"),
        ("Two words.", "line of few words"),
        ("Please enable JavaScript to go on.", "line about JavaScript"),
        ("By using it you accept our Privacy Policy.", "line about terms or cookies"),
        ("继续使用即表示您同意我们的隐私政策。", "line about terms or cookies"),
        ("首页 新闻 联系我们", "line without an end mark"),
        ("好。", "line of few words"),
    ],
)
def test_a_line_that_is_no_sentence_goes_with_its_rule(line: str, rule: str) -> None:
    text = f"The first line stays.\n{line}\n最后一行也保留下来。"
    [edit] = line_edits(text, "c4")
    assert edit.rule == rule
    assert kept(text) == "The first line stays.\n最后一行也保留下来。"


def test_fineweb_keeps_lines_without_a_mark() -> None:
    assert kept("A menu without any mark", "c4-any-end") == "A menu without any mark"
    assert kept("A menu without any mark", "none") == "A menu without any mark"


def test_marks_of_citations_leave_the_lines_that_stay() -> None:
    assert kept("It was built in 1920.[3][citation needed] It fell later.") == "It was built in 1920. It fell later."


def test_a_line_that_dooms_the_whole_text_is_left_for_that_rule() -> None:
    assert kept("Lorem ipsum dolor sit amet.") == "Lorem ipsum dolor sit amet."
