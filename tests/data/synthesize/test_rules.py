import pytest

from corpora import manual
from danlu.data.augment.variants import random_of
from danlu.data.synthesize.instruct import instructions_from_rules
from danlu.data.synthesize.pairs import Limits, Pair, Rejected, check, find_quote
from danlu.data.synthesize.rules import KINDS, from_rules
from danlu.text.records import Block, Document


def page(text: str, language: str = "en", kind: str = "text") -> Document:
    return Document("a", text, "Manual", "a.txt", "text/plain", "MIT", language, (Block(0, len(text), kind),))


def found(document: Document, *kinds: str) -> list[tuple[str, str]]:
    made = from_rules(document, kinds or KINDS, random_of(0, "a", "synthesize", 0), 400)
    return [(pair.question, pair.answer) for pair in made if isinstance(pair, Pair)]


def refused(document: Document, kind: str) -> list[tuple[str, str]]:
    made = from_rules(document, (kind,), random_of(0, "a", "synthesize", 0), 400)
    return [(pair.rule, pair.value) for pair in made if isinstance(pair, Rejected)]


def table(*lines: str, language: str = "en") -> Document:
    text, blocks = "", []
    for line in lines:
        blocks.append(Block(len(text), len(text) + len(line), "table"))
        text += line + "\n"
    return Document("a", text, "", "a", "text/plain", "MIT", language, tuple(blocks))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("A package is a set of files.", "What is a package?"),
        ("The kernel is the part that talks to devices.", "What is the kernel?"),
        ("RAID stands for an array of disks.", "What does RAID stand for?"),
        ("Wrappers are programs that start others.", "What are Wrappers?"),
    ],
)
def test_an_english_definition_is_asked_for(text: str, question: str) -> None:
    assert found(page(text), "definition") == [(question, text)]


@pytest.mark.parametrize(
    "text",
    [
        "It is a package.",
        "This file is a list.",
        "There is a way.",
        "The second argument is a file.",
        "He is the best.",
    ],
)
def test_what_only_points_defines_nothing(text: str) -> None:
    assert found(page(text), "definition") == []


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("软件包是指一组相关联的文件。", "什么是软件包？"),
        ("aptitude 是一个文本界面。", "什么是aptitude？"),
        ("内核是一种系统软件。", "什么是内核？"),
    ],
)
def test_a_chinese_definition_is_asked_for(text: str, question: str) -> None:
    assert found(page(text, "zh"), "definition") == [(question, text)]


@pytest.mark.parametrize("text", ["这是一个软件包。", "选择版本是一个重要的决定。", "其实是一种办法。"])
def test_a_chinese_clause_defines_nothing(text: str) -> None:
    assert found(page(text, "zh"), "definition") == []


def test_questions_in_the_text_have_their_answers() -> None:
    text = "Q: Can I sell it?\nA: Yes, you can.\nEven abroad.\n\nQ: Why?\nA: It is free."
    assert found(page(text), "faq") == [("Can I sell it?", "Yes, you can.\nEven abroad."), ("Why?", "It is free.")]
    assert found(page("问：可以出售吗？\n答：可以。", "zh"), "faq") == [("可以出售吗？", "可以。")]


def test_headings_ask_for_their_sections() -> None:
    english, chinese = dict(found(manual(2, False), "heading", "faq")), dict(found(manual(3, True), "heading", "faq"))
    assert "How do I remove a package?" in english and english["How do I remove a package?"].startswith("Ada")
    assert "怎样删除软件包？" in chinese and any("在服务器上安装软件包" in question for question in chinese)


@pytest.mark.parametrize(
    "lines",
    [
        ["name\tsize", "alpha\t3 kB", "beta\t4 kB"],
        ["| name | size |\n| --- | --- |", "| alpha | 3 kB |", "| beta | 4 kB |"],
    ],
)
def test_cells_answer_for_row_and_column(lines: list[str]) -> None:
    assert found(table(*lines), "table") == [
        ("What is the size of alpha?", "3 kB"),
        ("What is the size of beta?", "4 kB"),
    ]


def test_a_cloze_asks_for_a_number_or_a_name_of_its_sentence() -> None:
    [(question, answer)] = found(page("The old archive was closed in 2006 after a vote of the members."), "cloze")
    assert (question, answer) == (
        "Fill in the blank: The old archive was closed in ____ after a vote of the members.",
        "2006",
    )
    [(question, answer)] = found(page("管理员们在北京讨论了新的服务器管理办法。", "zh"), "cloze")
    assert answer == "北京" and "____" in question


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("However, the old archive was closed in 2006 after a vote of members.", "sentence cannot be read alone"),
        ("the old archive was closed in 2006 after a vote of the members.", "sentence cannot be read alone"),
        ("The old archive was closed in 2006 after a vote of the members:", "sentence cannot be read alone"),
        ("The archive was closed (in 2006 after a vote of the members.", "sentence cannot be read alone"),
        ("The reasons for the vote are told at length in chapter 12 of the book.", "number of a place in the text"),
        ("The members voted for the closed archive of the GNU/Linux system.", "gap is part of a name"),
        ("Manual pages are written for every command of the old archive.", "gap begins its sentence"),
        ("Readers of this Manual find every command of the old archive in it.", "name stands all over the document"),
    ],
)
def test_a_gap_that_asks_for_nothing_is_refused_with_the_reason(text: str, rule: str) -> None:
    if rule == "gap begins its sentence":
        text = text.replace("Manual pages", "The WWW")
    assert found(page(text), "cloze") == []
    assert [name for name, _ in refused(page(text), "cloze")] == [rule]


def test_a_chinese_gap_is_no_common_word_and_no_sentence_that_leans_on_another() -> None:
    assert found(page("管理员把一组互相关联的命令写进了变更日志。", "zh"), "cloze") == []
    leaning = page("但是管理员们在北京讨论了新的服务器管理办法。", "zh")
    assert refused(leaning, "cloze") == [("sentence cannot be read alone", "“北京”")]


def test_rows_and_cells_that_read_badly_give_no_question_but_a_reason() -> None:
    parts = table(
        "名称\t价格\t备注\t2023", "水泵\t320元\t无\t12", "1001\t9元\t备用\t4", "阀门\t45元\t提前申请\t3",
        "水泵\t330元\t旧款\t1", "如果过热，请先停机。\t1元\t备用\t2", language="zh",
    )  # fmt: skip
    assert found(parts, "table") == [("阀门的价格是多少？", "45元"), ("阀门的备注是什么？", "提前申请")]
    assert refused(parts, "table") == [
        ("two rows have this name", "“水泵”"),
        ("row has no name for a question", "“1001”"),
        ("column has no name for a question", "“2023”"),
        ("two rows have this name", "“水泵”"),
        ("row has no name for a question", "“如果过热，请先停机。”"),
    ]
    english = table("Name\tWeight\tNote", "Pump\t3 kg\tn/a", language="zh")
    assert found(english, "table") == [("What is the Weight of Pump?", "3 kg")]
    assert refused(english, "table") == [("cell says nothing by itself", "“n/a”")]


@pytest.mark.parametrize("chinese", [False, True])
def test_every_answer_is_verbatim_at_its_offsets(chinese: bool) -> None:
    document = manual(4, chinese)
    made = from_rules(document, KINDS, random_of(0, "a", "synthesize", 0), 400)
    pairs = [pair for pair in made if isinstance(pair, Pair)]
    assert {pair.kind for pair in pairs} >= {"heading", "faq", "definition", "table"}
    assert all(document.text[pair.start : pair.end] == pair.answer for pair in pairs)


@pytest.mark.parametrize(
    ("pair", "rule"),
    [
        (Pair("q", "What?", "package", 2, 9), None),
        (Pair("q", "What?", "packages", 2, 9), "answer not in the document"),
        (Pair("q", "What?", "package", 3, 10), "answer not in the document"),
        (Pair("q", "What Package?", "package", 2, 9), "question holds its answer"),
        (Pair("q", " ", "package", 2, 9), "empty question or answer"),
        (Pair("q", "How far is the moon?", "package", 2, 9, by="a model"), "question not about its quote"),
        (Pair("q", "Are there files?", "package", 2, 9, by="a model", passage=(0, 28)), None),
        (Pair("q", "What?", "A package is a set of files.", 0, 28), "answer too long"),
    ],
)
def test_a_pair_that_does_not_hold_is_rejected(pair: Pair, rule: str | None) -> None:
    reject = check(pair, page("A package is a set of files."), Limits(answer_characters=20))
    assert (reject.rule if reject else None) == rule


@pytest.mark.parametrize(
    ("text", "quote", "span"),
    [
        ("a set\n  of files", "set of files", (2, 16)),
        ("软件\n包安装", "软件包", (0, 4)),
        ("软件包安装", "软件 包", (0, 4 - 1)),
        ("a set", "a  sets", None),
        ("a set", "  ", None),
        ("a.c abc", "a.c", (0, 3)),
    ],
)
def test_a_quote_is_found_with_white_space_folded(text: str, quote: str, span: tuple[int, int] | None) -> None:
    assert find_quote(text, quote, 0, len(text)) == span


def test_what_is_no_value_is_no_answer_and_no_name_of_a_row() -> None:
    parts = table(
        "| Item | Total |", "| Pump | =B2*(1-C2) |", "| TRUE | 12 |", "| Valve | a \\| b |", "| Filter | (0.5) |", "| Hose | #DIV/0! |",
    )  # fmt: skip
    assert found(parts, "table") == [("What is the Total of Filter?", "(0.5)")]
    assert refused(parts, "table") == [
        ("formula without a result", "“=B2*(1-C2)”"),
        ("row has no name for a question", "“TRUE”"),
        ("cell written with an escape", "“a \\| b”"),
        ("cell says nothing by itself", "“#DIV/0!”"),
    ]
    chinese = table("| 名称 | 备注 |", "| 水泵 | 含\\|竖线 |", "| 阀门 | −0.5 |", "| 否 | 备用 |", language="zh")
    assert found(chinese, "table") == [("阀门的备注是多少？", "−0.5")]
    assert [rule for rule, _ in refused(chinese, "table")] == [
        "cell written with an escape",
        "row has no name for a question",
    ]


def test_numbers_are_listed_with_their_signs() -> None:
    text = "| Item | Change |\n| --- | --- |\n| Pump | (0.5) |\n| Valve | -3 |\n| Hose | −1.25 |\n| Seal | 7% |\n| Range of years | 3-5 |\nIn all (of 12 parts) it fell."
    blocks = (Block(0, len(text), "text"),)
    [made] = instructions_from_rules(Document("a", text, "", "a", "text/plain", "MIT", "en", blocks), ("extract",), 900)
    assert made.answer.split("\n") == ["(0.5)", "-3", "−1.25", "7%", "12"]


def test_a_number_in_brackets_or_below_zero_is_no_gap() -> None:
    text = "The yearly balance of the old archive fell to (0.5) after the vote of its members."
    assert (found(page(text), "cloze"), refused(page(text), "cloze")) == ([], [("number in brackets", "“0.5”")])
    assert found(page(text.replace("(0.5)", "−0.5")), "cloze") == []
