import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.normalise import normalise
from danlu.text.records import Block

TEXT = st.text("ab -\n\t　\u200b\u00adé中，Ã©\u0301\x01", max_size=60)


def prose(text: str, kind: str = "text") -> tuple[str, dict[str, int]]:
    final, _, edits = normalise(text, [Block(0, len(text), kind)])
    counts: dict[str, int] = {}
    for edit in edits:
        counts[edit.rule] = counts.get(edit.rule, 0) + 1
    return final, counts


ENGLISH = "The system keeps a record of every file that it has installed, and of\nits version"
CHINESE = "软件包管理系统会记录每一个已经安装的文件，并且在升级的时候检查哪些文件属于哪个软件\n包"


def test_lines_that_a_page_broke_are_joined() -> None:
    assert prose(ENGLISH) == (ENGLISH.replace("\n", " "), {"joined lines": 1})
    assert prose(CHINESE) == (CHINESE.replace("\n", ""), {"joined lines": 1})
    assert prose(CHINESE.replace("\n", " \n apt ")) == (CHINESE.replace("\n", " apt "), {"joined lines": 1})
    assert prose("exam-\nple") == ("example", {"mended hyphens": 1})


def test_a_heading_is_one_line_and_the_lines_of_an_author_stay() -> None:
    assert prose("Chapter\n2", "heading")[0] == "Chapter 2"
    assert prose("第二章\n总则", "heading")[0] == "第二章总则"
    assert prose(ENGLISH, "lines")[0] == ENGLISH


def test_lists_and_blank_lines_stay() -> None:
    for text in (
        "Steps\n- one\n- two",
        "Steps\n1. one",
        "one\n\ntwo",
        "one\n \ntwo",
        "- 一\n  - 二\n    - 三",
        "Name: x\nPhone: y",
    ):
        assert prose(text)[0] == text


def test_code_keeps_its_lines_and_spaces() -> None:
    text = "if a:\n    b  =  c-\n    d\t\te"
    assert prose(text, "code") == (text, {})
    assert prose("a\u200bb", "code") == ("ab", {"invisible characters": 1})


def test_mojibake_is_repaired_and_only_there() -> None:
    text = "It’s fine. Itâ€™s broken, dÃ©jÃ\xa0 vu."
    final, offsets, edits = normalise(text, [Block(0, len(text), "text")])
    assert final == "It’s fine. It’s broken, déjà vu."
    at = final.index("broken")
    assert offsets.to_source(at, at + 6) == (text.index("broken"), text.index("broken") + 6)
    assert {edit.rule for edit in edits} == {"mojibake"}


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        (["text:one", "furniture:page 1", "text:two"], "one\n\ntwo"),
        (["furniture:title", "furniture:page 1", "text:one", "text:two"], "one\n\ntwo"),
        (["text:one", "furniture:title", "furniture:page 1"], "one"),
        (["lines:one", "furniture:page 1", "furniture:title", "code:two", "furniture:page 2"], "one\n\ntwo"),
        (["furniture:title", "furniture:page 1"], ""),
    ],
)
def test_furniture_is_left_out_with_its_line_breaks(parts: list[str], left: str) -> None:
    kinds, texts = zip(*(part.split(":") for part in parts), strict=True)
    text, blocks, at = "\n\n".join(texts), [], 0
    for kind, said in zip(kinds, texts, strict=True):
        blocks.append(Block(at, at + len(said), kind))
        at += len(said) + 2
    final, offsets, edits = normalise(text, blocks)
    assert final == left
    assert sum(edit.rule == "page furniture" for edit in edits) == kinds.count("furniture")
    if "two" in left:
        assert text[slice(*offsets.to_source(final.index("two"), len(final)))] == "two"


def test_text_between_furniture_and_the_next_block_stays() -> None:
    blocks = [Block(0, 6, "furniture"), Block(11, 14, "text")]
    assert normalise("page 1 and two", blocks)[0] == " and two"


def test_composed_and_full_width_spaces_are_normal() -> None:
    assert prose("cafe\u0301")[0] == "café"
    assert prose("a\u3000b\u00a0\u00a0c")[0] == "a b c"
    assert prose("第一段。\n　　第二段。")[0] == "第一段。\n第二段。"


def test_columns_keep_their_spaces_and_prose_does_not() -> None:
    for table in (
        "Item               Qty   Price\nVery long thing 7    3.00\nBolt              12    0.30",
        "seal ring, small, black rubber            7    3.00\nvalve, brass, half an inch wide          12   14.50\n"
        "washer of copper, pack of a hundred       1    0.02",
        "+------+-----+\n| name | qty |\n+------+-----+\n| seal |   3 |\n+------+-----+",
        "-a   all\n-l   long listing",
        "姓名　　年龄\n张三　　　25\n欧阳修　　31",
    ):
        for kind in ("text", "lines", "code"):
            assert prose(table, kind) == (table, {})
    assert prose("One.  Two.\nThree.  Four.")[0] == "One. Two.\nThree. Four."
    assert prose(ENGLISH.replace(" ", "  "))[0] == ENGLISH.replace("\n", " ")
    assert prose("a   b")[0] == "a b"


def test_endless_runs_of_spaces_are_read_once() -> None:
    for text in ("a" + " " * 200_000 + "b", "a" + "\t" * 200_000 + "b", ("a" + " " * 50_000 + "\n") * 3):
        for kind in ("text", "code"):
            assert prose(text, kind)[0].startswith("a")


@given(TEXT, st.sampled_from(["text", "code", "table"]))
def test_the_map_leads_from_every_kept_letter_to_its_source(text: str, kind: str) -> None:
    final, offsets, edits = normalise(text, [Block(0, len(text), kind)] if text else [])
    for piece in offsets.pieces:
        if piece.kept:
            assert final[piece.start : piece.end] == text[piece.source_start : piece.source_end]
    assert (final == text) == (not edits)


@given(TEXT)
def test_nothing_but_white_space_and_invisible_characters_is_ever_lost(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert [letter for letter in prose(text)[0] if letter in "ab中，"] == [
        letter for letter in composed if letter in "ab中，"
    ]


# Joined lines can make a line that looks like mojibake, so the letter that starts mojibake is left out.
@given(TEXT.filter(lambda text: "Ã" not in text))
def test_normal_text_is_normal(text: str) -> None:
    once = prose(text)[0]
    assert prose(prose(once)[0])[0] == prose(once)[0]
