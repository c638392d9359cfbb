import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.extract.html import extract_html
from danlu.data.extract.html_tables import Cell, Row, grid


def lines(page: str) -> list[str]:
    return extract_html(page.encode()).text.split("\n")


def test_cells_that_span_stand_in_every_row_and_column_and_headers_are_one() -> None:
    page = (
        "<table><thead><tr><th rowspan=2>年份<th colspan=2>销售额</tr><tr><th>国内<th>国外</thead>"
        "<tbody><tr><td rowspan=2>2024<td>1<td>2<tr><td>3<td>4<tr><td>2025<td>5<td>6</table>"
    )
    assert lines(page) == [
        "| 年份 | 销售额 国内 | 销售额 国外 |", "| --- | --- | --- |", "| 2024 | 1 | 2 |", "| 2024 | 3 | 4 |", "| 2025 | 5 | 6 |",
    ]  # fmt: skip


def test_a_cell_between_others_spans_both_ways() -> None:
    page = "<table><tr><td>A<td>B<td>C<td>D<tr><td>1<td colspan=2 rowspan=2>lunch<td>2<tr><td>3<td>4</table>"
    assert lines(page)[2:] == ["| 1 | lunch | lunch | 2 |", "| 3 | lunch | lunch | 4 |"]


def test_a_subtitle_stands_in_its_row_once() -> None:
    page = "<table><tr><th>Part<th>Price<tr><td colspan=2>Screws<tr><td>M4<td>1.00</table>"
    assert lines(page)[2:] == ["| Screws |  |", "| M4 | 1.00 |"]


def test_a_span_ends_with_its_group_and_none_is_longer_than_the_table() -> None:
    page = "<table><thead><tr><th rowspan=9>a<th>b</thead><tbody><tr><td rowspan=0>c<td>d<tr><td>e</tbody><tfoot><tr><td>f<td>g</table>"
    assert lines(page) == ["| a | b |", "| --- | --- |", "| c | d |", "| c | e |", "| f | g |"]
    assert lines("<table><tr><td colspan=1000>a<td>b<tr><td>c<td>d</table>")[0] == "| a | b |".replace("a", "a | a")


def test_headers_of_rows_are_cells() -> None:
    page = "<table><tr><th><th>Weight<th>Height<tr><th>Anna<td>60<td>170<tr><th>Ben<td>80<td>180</table>"
    assert lines(page) == ["|  | Weight | Height |", "| --- | --- | --- |", "| Anna | 60 | 170 |", "| Ben | 80 | 180 |"]


def test_what_a_cell_holds_is_its_text_where_the_table_names_its_columns() -> None:
    inner = "<table><tr><td>x<td>y<tr><td>z<td>w</table>"
    page = f"<table><tr><th>方法<th>步骤<tr><td>安装<td><ul><li>下载<li>校验</ul><tr><td>升级<td>见{inner}</table>后文"
    assert lines(page) == [
        "| 方法 | 步骤 |",
        "| --- | --- |",
        "| 安装 | - 下载 - 校验 |",
        "| 升级 | 见 x y z w |",
        "",
        "后文",
    ]


def test_a_table_of_data_inside_one_that_lays_out_the_page_is_a_table() -> None:
    inner = "<table><tr><th>k<th>v<tr><td>1<td>2</table>"
    assert lines(f"<table><tr><td>Menu<td>News<tr><td>Text<td>{inner}</table>") == [
        "Menu", "", "News", "", "Text", "", "| k | v |", "| --- | --- |", "| 1 | 2 |",
    ]  # fmt: skip


@pytest.mark.parametrize("span", ["-1", "x", "", "0", "1e9", "99999999999999999999", "٣"])
def test_spans_that_say_nothing_are_read(span: str) -> None:
    page = f"<table><tr><td colspan='{span}'>a<td>b<tr><td rowspan='{span}'>c<td>d<tr><td>e<td>f</table>"
    assert all(letter in "".join(lines(page)) for letter in "abcdef")


def test_hostile_spans_cost_no_more_than_a_large_table() -> None:
    wide = "".join("<td>x" for _ in range(900))
    page = f"<table><tr>{wide}" + "<tr><td colspan=999 rowspan=65534>yyyyyyyyyy" * 500 + "</table>"
    assert sum(map(len, lines(page))) < 20_000_000
    page = f"<table><tr>{wide}" + "<tr><td>x" * 5_000 + "</table>"
    assert sum(map(len, lines(page))) < 1_000_000


CELLS = st.builds(Cell, st.sampled_from("abc"), st.integers(1, 4), st.integers(0, 4), st.booleans())
ROWS = st.lists(
    st.builds(Row, st.integers(0, 1), st.booleans(), st.lists(CELLS, min_size=1, max_size=4)), min_size=1, max_size=6
)


@settings(max_examples=60)
@given(ROWS.map(lambda rows: sorted(rows, key=lambda row: row.group)))
def test_every_cell_is_in_the_grid_and_no_row_is_wider_than_the_cells(rows: list[Row]) -> None:
    made = grid(rows)
    assert max(map(len, made)) <= sum(cell.columns for row in rows for cell in row.cells)
    texts = "".join("".join(row) for row in made)
    assert {cell.text for row in rows for cell in row.cells} <= set(texts)
