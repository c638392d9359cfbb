import pytest

from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.plain import extract_text


def blocks(found: Extracted) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, found.text[block.start : block.end]) for block in found.blocks]


def test_paragraphs_of_plain_text_are_what_blank_lines_part() -> None:
    found = extract_text(b"one\ntwo\r\n\r\nthree\n \t\n\n  four")
    assert blocks(found) == [("text", 0, "one\ntwo"), ("text", 0, "three"), ("text", 0, "four")]


def test_a_repaired_encoding_is_an_edit() -> None:
    assert extract_text("软件包管理系统".encode("gb18030")).edits == (("decoded from gb18030", 1),)
    assert extract_text("软件包管理系统".encode()).edits == ()


def test_what_fits_no_encoding_is_unreadable() -> None:
    with pytest.raises(Unreadable) as caught:
        extract_text(bytes(range(128, 256)) * 4)
    assert caught.value.rule == "undecodable"


def test_the_lines_of_a_file_are_kept_as_written() -> None:
    assert extract_text("姓名：张三\n电话：138".encode()).text == "姓名：张三\n电话：138"
