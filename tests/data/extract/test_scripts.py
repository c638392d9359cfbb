import pytest

from danlu.data.extract.html import extract_html


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("面积为10<sup>6</sup> m<sup>2</sup>", "面积为10⁶ m²"),
        ("水是H<sub>2</sub>O，硫酸根SO<sub>4</sub><sup>2−</sup>", "水是H₂O，硫酸根SO₄²⁻"),
        ("10<sup>-6</sup> and 10<sup>+3</sup>", "10⁻⁶ and 10⁺³"),
        (
            "x<sup>n</sup>, x<sup>n+1</sup>, a<sub>i</sub>, P<sub>max</sub>, P<sub>额定</sub>",
            "x^n, x^{n+1}, a_i, P_{max}, P_{额定}",
        ),
        ("the 1<sup>st</sup> and the 22<sup>ND</sup>, Danlu<sup>TM</sup>", "the 1st and the 22ND, DanluTM"),
        ("said<sup><a href='#fn1'>1</a></sup> and<a href='#fn2'><sup>2</sup></a>", "said[1] and[2]"),
        ("据记载<sup class=reference><a href='#cite-3'>[3]</a></sup>。", "据记载[3]。"),
        ("见<sup>[4]</sup>", "见[4]"),
        ("dear<sup>*</sup> reader<sup>®</sup>", "dear* reader®"),
        ("Big<sup>small letters of a phrase</sup>", "Bigsmall letters of a phrase"),
        ("a<sup></sup>b<sub> </sub>c", "abc"),
        ("E = mc<b><sup><i>2</i></sup></b>", "E = mc²"),
    ],
)
def test_superscripts_and_subscripts_do_not_change_what_is_said(page: str, text: str) -> None:
    assert extract_html(f"<p>{page}</p>".encode()).text == text


def test_scripts_are_read_in_cells_too_and_survive_a_block_within() -> None:
    page = "<table><tr><td>m<sup>2</sup><td>b<tr><td>c<td>d</table><sup>1<p>2</p>3</sup>"
    assert extract_html(page.encode()).text.split("\n")[0] == "| m² | b |"
    assert "2" in extract_html(page.encode()).text
