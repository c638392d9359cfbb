import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.data.decode import decode

COMMON = [bytes([lead, trail]).decode("gb2312") for lead in range(0xB0, 0xD7) for trail in range(0xA1, 0xFF)]
CHINESE = st.text(st.sampled_from([*COMMON, *"，。！？；：“”（）1290abcXYZ -/\n"]), max_size=60)
LATIN = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz ABC.,;:!?\n0123456789"), min_size=40, max_size=80)
START = "软件包管理系统，"
"""A sentence's worth of context: two bytes alone are good text in several encodings."""


@given(CHINESE)
def test_chinese_comes_back_from_gbk(text: str) -> None:
    assert decode((START + text).encode("gb18030")) == (START + text, "gb18030")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
def test_any_text_comes_back_from_unicode(text: str, encoding: str) -> None:
    if encoding == "utf-8" and text.startswith("\ufeff"):
        return
    found = decode(text.encode(encoding))
    assert found is not None
    assert found[0] == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=40))
def test_big_endian_utf_16_comes_back_by_its_mark(text: str) -> None:
    assert decode(b"\xfe\xff" + text.encode("utf-16-be")) == (text, "utf-16")


@given(LATIN, st.lists(st.sampled_from("éèêàùçöüäßñ’“”–"), max_size=6), st.data())
def test_western_text_comes_back_from_windows_1252(text: str, accents: list[str], data: st.DataObject) -> None:
    letters = list(text)
    for accent in accents:
        letters.insert(data.draw(st.integers(0, len(letters) // 2)) * 2 % max(len(letters), 1), f"{accent} ")
    written = "".join(letters)
    found = decode(written.encode("cp1252"))
    assert found is not None
    assert found[0] == written


@given(CHINESE, CHINESE)
def test_lines_of_two_encodings_are_read_line_by_line(first: str, second: str) -> None:
    parts = [START + part.replace("\n", "") for part in (first, second)]
    found = decode(parts[0].encode("gb18030") + b"\n" + parts[1].encode("utf-8"))
    assert found is not None
    assert found == ("\n".join(parts), "mixed")


TRADITIONAL = "軟體套件管理系統會記錄每一個已經安裝的檔案，這是我們的說明，請大家看一看。"
JAPANESE = "これは日本語の文章です。東京に行きました。とても楽しかったです。"
KOREAN = "이것은 한국어로 작성된 문서입니다. 서울은 대한민국의 수도이다."
SIMPLIFIED = "软件包管理系统会记录每一个已经安装的文件，这是我们的说明，请大家看一看。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(TRADITIONAL, "big5"), (JAPANESE, "shift_jis"), (JAPANESE, "euc_jp"), (KOREAN, "euc_kr"), (SIMPLIFIED, "gb18030")],
)
def test_encodings_of_east_asia_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", [SIMPLIFIED, TRADITIONAL, "Plain English text,\nin two lines.\n", SIMPLIFIED + "\nabc\n"]
)
def test_unicode_without_its_mark_is_found(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == (text, encoding)


@given(CHINESE)
def test_chinese_in_gbk_is_never_taken_for_another_encoding(text: str) -> None:
    found = decode((START * 4 + text).encode("gb18030"))
    assert found is not None
    assert found[1] == "gb18030"


def test_a_declared_encoding_is_tried_after_utf_8() -> None:
    assert decode("日本語".encode("shift_jis"), "shift_jis") == ("日本語", "shift_jis")
    assert decode("日本語".encode(), "shift_jis") == ("日本語", "utf-8")


@pytest.mark.parametrize("declared", ["no-such-encoding", "idna", "undefined", "hex", "utf-16"])
def test_a_declaration_that_is_no_encoding_of_text_is_passed_over(declared: str) -> None:
    found = decode((START * 3 + "。").encode("gb18030"), declared)
    assert found is not None
    assert found[0] == START * 3 + "。"


def test_noise_fits_no_encoding() -> None:
    assert decode(bytes(range(128, 256)) * 4) is None
    assert decode(b"\xef\xbb\xbf\xff\xff") is None


@given(st.binary(max_size=200))
def test_any_bytes_give_text_or_nothing(content: bytes) -> None:
    found = decode(content, "gb2312")
    assert found is None or isinstance(found[0], str)
