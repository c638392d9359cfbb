import pytest

from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.plain import extract_markdown, extract_text


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


MARKDOWN = """\
Preface
=======

Text of the preface,
two lines.

# A heading #
## Sub `code` C#
Text right below.
- one
- two

Sub two
---

| head | more |
|------|:----:|
| a    | b    |

```python
# no heading

x = 1
```

~~~
``` inside
~~~

    indented
"""


def test_markdown_blocks_are_told_apart() -> None:
    assert blocks(extract_markdown(MARKDOWN.encode())) == [
        ("heading", 1, "Preface"),
        ("text", 0, "Text of the preface,\ntwo lines."),
        ("heading", 1, "A heading"),
        ("heading", 2, "Sub `code` C#"),
        ("text", 0, "Text right below.\n- one\n- two"),
        ("heading", 2, "Sub two"),
        ("table", 0, "| head | more |\n|------|:----:|"),
        ("table", 0, "| a    | b    |"),
        ("code", 0, "# no heading\n\nx = 1"),
        ("code", 0, "``` inside"),
        ("text", 0, "indented"),
    ]


def test_the_first_heading_is_the_title() -> None:
    assert extract_markdown(b"text\n\n# Title\n").title == "Title"
    assert extract_markdown(b"text").title == ""


def test_an_open_fence_runs_to_the_end() -> None:
    assert blocks(extract_markdown(b"a\n```\nb\n\nc")) == [("text", 0, "a"), ("code", 0, "b\n\nc")]


def test_front_matter_is_kept_as_text() -> None:
    found = extract_markdown(b"---\ntitle: X\ndate: Y\n---\n\ntext")
    assert "title: X" in found.text


@pytest.mark.parametrize("line", ["# a" + " " * 20_000 + "b", "|" + " " * 20_000 + "x|", "#" * 20_000, "-" * 20_000])
def test_a_hostile_line_is_read_once(line: str) -> None:
    assert extract_markdown(line.encode() + b"\n\nrest").text.endswith("rest")
