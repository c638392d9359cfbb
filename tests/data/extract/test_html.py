import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.html import extract_html


def blocks(page: str) -> list[tuple[str, str]]:
    found = extract_html(page.encode())
    return [(block.kind, found.text[block.start : block.end]) for block in found.blocks]


def text(page: str) -> str:
    return extract_html(page.encode()).text


def test_headings_paragraphs_and_lists_are_blocks() -> None:
    page = "<h1>One</h1><p>Text <b>bold</b>\n  folded.</p><ul><li>a<li>b</ul><h3>Three</h3>tail"
    found = extract_html(page.encode())
    assert blocks(page) == [
        ("heading", "One"), ("text", "Text bold folded."), ("text", "- a"), ("text", "- b"), ("heading", "Three"), ("text", "tail"),
    ]  # fmt: skip
    assert [block.level for block in found.blocks if block.kind == "heading"] == [1, 3]


def test_a_row_of_a_table_is_a_block_of_cells() -> None:
    page = "<table><caption>C</caption><tr><th>a<th>b<tr><td><p>1</p><p>2</p><td>3</table>after"
    assert blocks(page) == [
        ("text", "C"),
        ("table", "| a | b |\n| --- | --- |"),
        ("table", "| 1 2 | 3 |"),
        ("text", "after"),
    ]


def test_a_table_inside_a_cell_loses_nothing() -> None:
    page = "<table><tr><td>A<td>before<table><tr><td>x<td>y</table>after<td>B</table>end"
    assert text(page).split() == ["A", "before", "x", "y", "after", "B", "end"]


def test_preformatted_text_keeps_its_lines() -> None:
    assert blocks("<p>Run<pre>a\n  b\tc\n</pre>") == [("text", "Run"), ("code", "a\n  b\tc")]
    assert text("<table><tr><td>a<pre>b\nc</pre>d</table>").split() == ["a", "b", "c", "d"]


def test_navigation_is_left_out() -> None:
    page = (
        "<header><h1>Site</h1></header><nav>Home</nav><div class='toc'>Contents</div>"
        "<aside><a>All</a> <a>of the</a> others</aside><div class='sidebar'><a>Chapter 1</a></div>"
        "<script>x</script><style>y</style><p>Text</p><footer>Imprint</footer>"
    )
    assert text(page) == "Text"


def test_a_box_of_text_beside_the_text_is_kept() -> None:
    page = "<p>One.<div class='sidebar'><p>A <a>longer</a> note.</div><aside>Careful: it is hot.</aside><p>Two."
    assert text(page) == "One.\n\nA longer note.\n\nCareful: it is hot.\n\nTwo."


def test_the_header_of_an_article_holds_its_title() -> None:
    page = "<header>Site</header><article><header><h1>Title</h1></header><p>Text</p></article>"
    assert text(page) == "Title\n\nText"
    assert text("<main><header><h1>Title</h1></header>Text</main>") == "Title\n\nText"
    assert text("<article>a</article><header>Site</header><article>b</article>") == "a\n\nb"


def test_a_page_that_is_one_form_is_read() -> None:
    assert text("<form action='/x'><p>All of the page</p><input value=x></form>") == "All of the page"


def test_a_body_with_the_class_of_a_menu_is_still_the_page() -> None:
    assert text("<body class='sidebar'><p>Text</p></body>") == "Text"


def test_entities_and_the_title_are_decoded() -> None:
    found = extract_html("<title> A &amp;\n B </title><p>x &lt; y&nbsp;&hellip; 中&#25991;".encode())
    assert (found.title, found.text) == ("A & B", "x < y\xa0… 中文")


def test_an_encoding_is_declared_or_found() -> None:
    chinese = "<meta charset=gb2312><p>软件包管理系统"
    assert extract_html(chinese.encode("gb18030")).text == "软件包管理系统"
    assert extract_html("<p>软件包管理系统".encode("gb18030")).edits == (("decoded from gb18030", 1),)
    with pytest.raises(Unreadable):
        extract_html(b"<p>" + bytes(range(128, 256)) * 4)


def test_a_page_nested_deeper_than_the_stack_is_read() -> None:
    depth = 50_000
    assert text("<div>" * depth + "deep" + "</div>" * depth + "<p>after") == "deep\n\nafter"
    assert text("<b>" * depth + "deep") == "deep"


@pytest.mark.parametrize("page", ["", "   ", "<html></html>", "<body></body>", "<frameset></frameset>", "<!-- x -->"])
def test_a_page_without_text_gives_none(page: str) -> None:
    assert text(page) == ""


def test_the_main_element_is_read_alone() -> None:
    page = f"<div>Shop</div><main><h1>Title</h1><p>{'A sentence of the page. ' * 15}</p></main><div>Follow us</div>"
    assert text(page) == f"Title\n\n{('A sentence of the page. ' * 15).strip()}"


def test_banners_menus_and_hidden_text_are_left_out() -> None:
    page = (
        "<div id='cookie-banner'><p>We use cookies.</p></div><div role='navigation'>Home</div><div aria-hidden='true'>x</div>"
        f"<p style='display: none'>unseen</p><p>{'A sentence of the page. ' * 15}</p><button>Send</button>"
    )
    assert text(page) == ("A sentence of the page. " * 15).strip()


def test_a_page_whose_own_box_is_named_like_a_banner_is_kept() -> None:
    assert text("<div class='ads-free'><p>All of the page</p></div>") == "All of the page"


def test_a_table_that_lays_out_a_page_is_read_cell_by_cell() -> None:
    page = "<table><tr><td><h2>One</h2>left<td><ul><li>a<li>b</ul></table>"
    assert blocks(page) == [("heading", "One"), ("text", "left"), ("text", "- a"), ("text", "- b")]


def test_ruby_notes_do_not_tear_a_word_apart() -> None:
    found = extract_html("<p><ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp>字<rt>zì</rt></ruby>很多".encode())
    assert found.text == "漢字很多"
    assert ("ruby note left out", 2) in found.edits


def test_one_break_ends_a_line_and_two_end_the_paragraph() -> None:
    page = (
        "<address>张三<br>海淀区中关村大街一号 <br/>\n北京</address><p>one<br>two<br>\n<br>three<br></p><h2>A<br>B</h2>"
    )
    assert blocks(page) == [
        ("lines", "张三\n海淀区中关村大街一号\n北京"), ("lines", "one\ntwo"), ("text", "three"), ("heading", "A B"),
    ]  # fmt: skip


def test_a_word_of_code_or_a_cell_with_a_break_stays_one_piece() -> None:
    assert blocks("<table><tr><td>a<br>b<td>c<tr><td>d<td>e</table>")[0] == ("table", "| a b | c |\n| --- | --- |")


def test_what_a_page_says_of_itself_is_kept() -> None:
    found = extract_html(
        b"<html lang=zh-CN><head><meta name=author content='A. Writer'><meta property=og:description content='About  it'>"
        b"<meta property=article:published_time content=2024-05-06><link rel=canonical href=https://example.org/a></head>"
        b"<p>Text <a rel=license href=https://creativecommons.org/licenses/by-sa/4.0/>licence</a>"
    )
    assert found.language == "zh-CN"
    assert found.meta == {
        "author": "A. Writer", "description": "About it", "date": "2024-05-06", "url": "https://example.org/a",
        "licence": "CC-BY-SA-4.0",
    }  # fmt: skip


def test_a_page_of_nothing_but_a_menu_is_read_by_the_second_reader() -> None:
    body = "".join(
        f"<p>Sentence number {number} of an article that stands in the wrong box.</p>" for number in range(40)
    )
    found = extract_html(f"<div class='menu'><a>{'x' * 2600}</a><article>{body}</article></div>".encode())
    assert "Sentence number 7 of an article" in found.text
    assert ("read by trafilatura", 1) in found.edits


def test_a_long_page_is_read_in_time_that_grows_with_its_length() -> None:
    assert text("<div>" + "<p>line</p>" * 50_000 + "</div>").count("line") == 50_000
    assert text("<table>" + "<tr><td>a<td>b" * 3_000 + "</table>").count("| a | b |") == 3_000
    assert "text" in text("<p>text</p><aside>" + "<a>link</a> " * 5_000 + "</aside>")


MARKUP = st.lists(
    st.one_of(
        st.sampled_from(
            ["<table>", "<tr>", "<td>", "</table>", "<pre>", "</pre>", "<br>", "<ruby>", "<rt>", "<caption>", "</td>"]
        ),
        st.sampled_from(
            ["<h1>", "</h1>", "<main>", "<nav>", "</nav>", "<!--", "-->", "<p hidden>", "&#0;", "&bogus;", "<svg><p>"]
        ),
        st.text(max_size=12),
    )
)


@given(MARKUP)
def test_malformed_pages_are_read_and_their_blocks_cover_the_text(parts: list[str]) -> None:
    found = extract_html("".join(parts).encode("utf-8", "replace"))
    position = 0
    for block in found.blocks:
        assert position <= block.start < block.end <= len(found.text)
        assert not found.text[position : block.start].strip()
        position = block.end
    assert position == len(found.text)
