import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.extract.sheet_formats import BUILT_IN, general, shown

MONEY = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.25, "0%", "25%"), (0.12345, "0.00%", "12.35%"), (-0.1, "[Red]0.0%", "-10.0%"), (1.0, "0%", "100%"),
        (1234.5, '"¥"#,##0.00', "¥1,234.50"), (1234.5, "[$¥-804]#,##0.0", "¥1,234.5"), (-1234.5, "[$€-407] #,##0", "-€ 1,235"),
        (1234.5, MONEY, "$1,234.50"), (-1234.5, MONEY, "$(1,234.50)"), (0, MONEY, "$-"),
        (12, 'General"元"', "12元"), (2.5, '0.0"万"', "2.5万"), (-3, "#,##0;(#,##0)", "(3)"),
        (0.005, "0.00", "0.01"), (0.1 + 0.2, "0.0##", "0.3"), (0.5, "#.##", ".5"), (7, "000", "007"),
        (5_000_000, '0.0,,"M"', "5.0M"), (1_234_567, "#,##0,", "1,235"),
        (45352, "yyyy/m/d", "2024-03-01"), (45352, '[$-804]yyyy"年"m"月"d"日";@', "2024-03-01"), (45352, 'yyyy"年"m"月"', "2024-03"),
        (45352, "mmm-yy", "2024-03"), (45352, "yyyy", "2024"), (45352, "aaaa", "2024-03-01"), (45352.75, "m/d/yy h:mm", "2024-03-01 18:00"),
        (0.75, "h:mm AM/PM", "18:00"), (0.75, '上午/下午h"时"mm"分"', "18:00"), (1.5, "[h]:mm", "36:00"), (59, "d/m/yyyy", "1900-02-28"),
        (61, "d/m/yyyy", "1900-03-01"), (45352, BUILT_IN[31], "2024-03-01"), (45352, BUILT_IN[57], "2024-03"),
    ],
)  # fmt: skip
def test_a_number_is_what_its_cell_shows(value: float, code: str, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize("code", ["# ?/?", "0.00E+00", "[>5]0;0.0", ";;;", "000-0000", "", "@"])
def test_a_format_that_is_not_followed_leaves_the_number_plain(code: str) -> None:
    assert shown(7, code) is None


def test_a_workbook_may_count_its_days_from_1904() -> None:
    assert shown(43890, "yyyy-mm-dd", from_1904=True) == "2024-03-01"


def test_a_number_without_a_format_has_the_digits_of_a_sheet() -> None:
    assert [general(value) for value in (3.0, 2.5, 0.1 + 0.2, 1e20, -0.0)] == ["3", "2.5", "0.3", "1e+20", "0"]


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text('0#?.,%;"\\_*[]$¥-€<>=ymdhsaeE+/@ 年月日General', max_size=24) | st.sampled_from(sorted(BUILT_IN.values())),
)
def test_any_format_gives_a_text_or_none(value: float, code: str) -> None:
    found = shown(value, code)
    assert found is None or isinstance(found, str)
