from danlu.data.extract.html import extract_html


def text(page: str) -> str:
    return extract_html(page.encode()).text


def test_items_have_marks_and_the_indent_of_their_list() -> None:
    page = "<p>步骤：<ol><li>下载<ul><li>镜像<li>校验和</ul><li>安装</ol><p>完成。"
    assert text(page) == "步骤：\n\n1. 下载\n   - 镜像\n   - 校验和\n2. 安装\n\n完成。"


def test_numbers_are_those_that_the_page_shows() -> None:
    page = "<ol start=9><li>nine<li>ten<li value=20>twenty</ol><ol type=a><li>x<li>y</ol><ol type=I><li>x<li>y</ol>"
    assert text(page) == "9. nine\n10. ten\n20. twenty\n\na. x\nb. y\n\nI. x\nII. y"
    assert text("<ol start=-1 type=a><li>x<li>y<li>z</ol><ol start=no><li>w</ol>") == "-1. x\n0. y\na. z\n\n1. w"
    assert text("<ol type=a start=999999999><li>x</ol>") == "999999999. x"


def test_what_goes_on_with_an_item_is_indented_with_it() -> None:
    assert text("<ul><li><p>One.</p><p>More.</p><li>Two.</ul>End.") == "- One.\n\n  More.\n- Two.\n\nEnd."


def test_a_heading_or_an_empty_item_has_no_mark() -> None:
    assert text("<ul><li><h3>标题</h3><p>正文</p><li></li><li>后</ul>") == "标题\n\n  正文\n- 后"


def test_an_item_outside_of_lists_and_a_list_in_a_list_are_read() -> None:
    assert text("<li>a<li>b") == "- a\n\n- b"
    assert text("<ul><ul><li>a</ul></ul>b") == "- a\n\nb"
    assert text("</ul></li>a<ol>b<li>c") == "a\n\n  b\n1. c"


def test_a_reversed_list_counts_down_to_one_or_from_its_start() -> None:
    assert text("<ol reversed><li>third<ul><li>x<li>y</ul><li>second<li>first</ol>") == (
        "3. third\n   - x\n   - y\n2. second\n1. first"
    )
    assert text("<ol reversed start=10><li>甲<li value=5>乙<li>丙</ol>") == "10. 甲\n5. 乙\n4. 丙"
