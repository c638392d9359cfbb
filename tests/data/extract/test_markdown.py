import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.extract.blocks import Extracted
from danlu.data.extract.markdown import extract_markdown


def read(text: str) -> Extracted:
    return extract_markdown(text.encode())


def blocks(found: Extracted) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, found.text[block.start : block.end]) for block in found.blocks]


def kinds(text: str) -> list[tuple[str, str]]:
    return [(kind, said) for kind, _, said in blocks(read(text))]


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
        ("code", 0, "indented"),
    ]


def test_the_first_heading_is_the_title() -> None:
    assert extract_markdown(b"text\n\n# Title\n").title == "Title"
    assert extract_markdown(b"text").title == ""


def test_an_open_fence_runs_to_the_end() -> None:
    assert blocks(extract_markdown(b"a\n```\nb\n\nc")) == [("text", 0, "a"), ("code", 0, "b\n\nc")]


@pytest.mark.parametrize("line", ["# a" + " " * 20_000 + "b", "|" + " " * 20_000 + "x|", "#" * 20_000, "-" * 20_000])
def test_a_hostile_line_is_read_once(line: str) -> None:
    assert extract_markdown(line.encode() + b"\n\nrest").text.endswith("rest")


def test_front_matter_goes_into_metadata_and_not_into_the_text() -> None:
    found = read(
        "---\ntitle: 安装说明\ndate: 2024-05-06\ntags: [安装, apt]\ndraft: false\nlang: zh\n---\n\n# 开始\n正文"
    )
    assert (found.title, found.language, found.text) == ("安装说明", "zh", "开始\n\n正文")
    assert found.meta == {"date": "2024-05-06", "tags": ["安装", "apt"], "draft": False}
    assert found.edits == (("front matter into metadata", 1),)
    found = read('+++\ntitle = "Guide"\ndate = 2024-05-06T10:00:00Z\n+++\ntext')
    assert (found.title, found.text, found.meta) == ("Guide", "text", {"date": "2024-05-06T10:00:00+00:00"})


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA line between two rules.\n\n---\n\ntext",
        "---\n- a\n- list\n---\ntext",
        "---\ntitle: [broken\n---\ntext",
        "---\ndate: 2024-13-45\n---\ntext",
        "---\n" + "[" * 5000 + "\n---\ntext",
        "---\ntitle: never closed",
        "+++\ntitle =\n+++\ntext",
        f"---\ntitle: {'long ' * 5000}\n---\ntext",
        "text\n\n---\ntitle: X\n---\n",
    ],
)
def test_what_only_looks_like_front_matter_is_text(text: str) -> None:
    found = read(text)
    assert not found.meta
    assert not found.edits
    assert "".join(found.text.split()) == "".join(text.split())


def test_front_matter_that_repeats_itself_does_not_grow() -> None:
    bombs = "\n".join(
        f"{name}: &{name} [{', '.join([f'*{inner}'] * 9)}]" for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    found = read(f"---\na: &a [{', '.join(['x'] * 9)}]\n{bombs}\n---\ntext")
    assert found.meta == {"a": ["x"] * 9}


def test_indented_code_keeps_its_letters() -> None:
    assert kinds("Run:\n\n    $ apt  install\n\n      -y\n\nThen\n    go on.\n\n\tcd 目录") == [
        ("text", "Run:"), ("code", "$ apt  install\n\n  -y"), ("text", "Then\n    go on."), ("code", "cd 目录"),
    ]  # fmt: skip


def test_nested_lists_keep_their_indents_and_hold_no_code_by_them() -> None:
    text = "- 安装\n    - 下载\n        - 校验\n- 配置\n\n    接着说。\n\n    - 又一项\n\n1. one\n\n   1. two\n\n      more"
    found = read(text)
    assert found.text == text
    assert {block.kind for block in found.blocks} == {"text"}


def test_code_within_a_list_is_code() -> None:
    assert kinds("- a\n\n      x = 1\n\n- b\n  ```py\n  if x:\n      y\n  ```\n  c\n\n        z") == [
        ("text", "- a"), ("code", "x = 1"), ("text", "- b"), ("code", "if x:\n    y"), ("text", "c"), ("code", "  z"),
    ]  # fmt: skip


def test_a_fence_in_one_line_opens_nothing() -> None:
    assert kinds("say ```x``` or\n```y```\nand go on") == [("text", "say ```x``` or\n```y```\nand go on")]


LINES = st.lists(
    st.sampled_from(
        [
            "# 标题",
            "text",
            "- item",
            "  - 二级",
            "1. one",
            "    code",
            "\ttab",
            "```",
            "~~~~",
            "| a | b |",
            "| - | - |",
            "===",
            "---",
            "",
            "> q",
        ]
    ),
    max_size=14,
)


@given(LINES)
def test_nothing_of_a_file_is_lost_but_marks_of_headings_and_fences(lines: list[str]) -> None:
    found = read("\n".join(lines))
    words = [
        word
        for word in ("标题", "text", "item", "二级", "one", "code", "tab", "| a | b |", "> q")
        for line in lines
        if word in line
    ]
    assert sorted(words) == sorted(word for word in set(words) for _ in range(found.text.count(word)))
    position = 0
    for block in found.blocks:
        assert position <= block.start < block.end <= len(found.text)
        assert not found.text[position : block.start].strip()
        position = block.end
    assert position == len(found.text)
