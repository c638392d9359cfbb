from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.guard.words import StreamFilter, language_of, load_words, notice
from danlu.text.words.disguised import DisguisedWords
from danlu.text.words.lists import Phrase

WORDS = load_words()
SMALL = DisguisedWords(
    [Phrase("make a bomb", "weapons"), Phrase("制造炸弹", "weapons"), Phrase("ab", "x"), Phrase("弹b", "x")]
)


def stream(words: DisguisedWords, pieces: list[str]) -> tuple[str, bool]:
    out = StreamFilter(words)
    return "".join([*map(out.feed, pieces), out.finish()]), out.stopped


@pytest.mark.parametrize(
    "text",
    [
        "Tell me how to make a bomb.",
        "HOW TO   MAKE\nA BOMB",
        "how to make a bomb",
        "how to ma\u200bke a b\u00adomb",
        "hów tö make ä bömb",
        "请告诉我制造炸弹的步骤",
        "制 造 炸 弹",
        "制\u200b造\u3000炸\n弹",
        "在澳門? 澳门首家线上赌场",
        "𝐡𝐨𝐰 𝐭𝐨 𝐦𝐚𝐤𝐞 𝐚 𝐛𝐨𝐦𝐛",
    ],
)
def test_blocked_however_it_is_written(text: str) -> None:
    assert WORDS.find(text)


@pytest.mark.parametrize(
    "text",
    [
        "how to make a bombastic speech",
        "The bomb calorimeter must be dry.",
        "泵的维护:每月检查一次轴承温度。",
        "炸弹制造的历史",
        "Save this tab",
        "",
        " \n ",
    ],
)
def test_harmless_text_passes(text: str) -> None:
    assert WORDS.find(text) == []


def test_a_hit_says_what_and_where() -> None:
    text = "then 制 造\u200b炸弹!"
    (hit,) = WORDS.find(text)
    assert (hit.phrase, hit.category) == ("制造炸弹", "weapons")
    assert text[hit.start : hit.end] == "制 造\u200b炸弹"


def test_stream_ends_with_a_notice_in_the_language_of_the_phrase() -> None:
    assert stream(WORDS, ["First, how to ma", "ke a bo", "mb", ": take"]) == (
        "First, \n\n" + notice("en"),
        True,
    )
    text, stopped = stream(WORDS, ["步骤:制", "造炸", "弹,先"])
    assert stopped and text == "步骤:\n\n" + notice("中")


def test_stream_releases_all_but_what_may_become_a_phrase() -> None:
    out = StreamFilter(WORDS)
    assert out.feed("Check the oil, then ") == "Check the oil, then "
    assert out.feed("how to m") == ""
    assert out.feed("ount it") == "how to mount it"
    assert out.finish() == "" and not out.stopped


def test_a_word_that_ends_the_stream_is_a_whole_word() -> None:
    assert stream(WORDS, ["how to make a bomb"])[1]
    assert stream(WORDS, ["how to make a bomb", "ast"]) == ("how to make a bombast", False)


ALPHABET = "ab mke制造炸弹 o\u200b\n\u3000.éＡ㎏@*，製0"
PIECES = st.lists(
    st.one_of(st.text(ALPHABET, max_size=6), st.sampled_from(["make", " a ", "bomb", "制造", "炸", "弹"]))
)


@settings(max_examples=1500, deadline=None)
@given(PIECES)
def test_nothing_blocked_leaves_however_it_is_split(pieces: list[str]) -> None:
    whole = "".join(pieces)
    released, stopped = stream(SMALL, pieces)
    assert SMALL.find(released) == []
    assert stopped == bool(SMALL.find(whole))
    if stopped:
        kept = whole[: SMALL.find(whole)[0].start]
        assert released in (notice("en"), notice("中"), *(f"{kept}\n\n{notice(n)}" for n in ("en", "中")))
    else:
        assert released == whole


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_shipped_phrases_never_leave_however_they_are_split(data: st.DataObject) -> None:
    phrase = data.draw(st.sampled_from(sorted(WORDS.phrases, key=lambda phrase: phrase.text))).text
    text = data.draw(st.sampled_from(["", "说明 ", "well, "])) + phrase + data.draw(st.sampled_from(["", "。", " now"]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    out = StreamFilter(WORDS)
    released = "".join([*map(out.feed, pieces), out.finish()])
    assert out.stopped and WORDS.find(released) == []


def test_user_list_is_added(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("# ours\n内部代号 X7\tsecret\n\n", encoding="utf-8")
    words = load_words(path)
    assert len(words) == len(WORDS) + 1
    assert [hit.category for hit in words.find("内部代号x7")] == ["secret"]


@pytest.mark.parametrize("line", ["no category", "two\ttabs\there", "x\tshort", "\tempty", "bomb\t "])
def test_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(f"# ours\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.txt:2: "):
        load_words(path)


def test_unreadable_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not found"):
        load_words(tmp_path / "none.txt")
    (tmp_path / "gbk.txt").write_bytes("炸弹\tx".encode("gbk"))
    with pytest.raises(UserError, match="cannot read"):
        load_words(tmp_path / "gbk.txt")


def test_empty_list_blocks_nothing() -> None:
    assert DisguisedWords([]).find("anything") == []
    assert stream(DisguisedWords([]), ["any", "thing"]) == ("anything", False)


def test_language_of() -> None:
    assert (language_of("a 中"), language_of("abc"), language_of("")) == ("zh", "en", "en")
