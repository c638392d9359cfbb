import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.words.disguised import DisguisedWords
from danlu.text.words.lists import Phrase

LISTED = ("ass", "make a bomb", "敏感词", "毒品", "法轮功", "bitch", "911", "赌博网站")
WORDS = DisguisedWords([Phrase(word, "x") for word in LISTED])


@pytest.mark.parametrize(
    "text",
    [
        "ass",
        "a.s.s",
        "A S S",
        "a$$",
        "ⓐⓢⓢ",
        "аss",
        "ＡＳＳ",
        "m4ke a b0mb",
        "make_a_bomb",
        "敏*感*词",
        "敏，感，词",
        "毒 品",
        "毒*品",
        "敏感詞",
        "賭博網站",
        "法\u200b轮 功",
        "b1tch",
        "bıtch",
        "call 911 now",
    ],
)
def test_found_through_its_disguise(text: str) -> None:
    assert len(WORDS.find(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "class passes asset",
        "455 units",
        "a SS officer",
        "Panama. SS Great",
        "他喜欢毒，品味独特",
        "9ll",
        "敏感的词",
        "make no bomb",
        "",
    ],
)
def test_no_disguise_but_an_accident(text: str) -> None:
    assert WORDS.find(text) == []


def test_the_span_is_that_of_the_original() -> None:
    text = "他说：賭 博\u200b網站！"
    (hit,) = WORDS.find(text)
    assert (text[hit.start : hit.end], hit.phrase) == ("賭 博\u200b網站", "赌博网站")


@given(st.text(max_size=60))
def test_hits_are_in_order_and_do_not_overlap(text: str) -> None:
    hits = WORDS.find("毒品" + text + " ass")
    assert hits and all(a.end <= b.start for a, b in itertools.pairwise(hits))


PINYIN = DisguisedWords(
    [Phrase(word, "x") for word in ("法轮功", "毒品", "我们", "赌博网站", "银行卡")], in_pinyin=True
)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("falungong", "法轮功"),
        ("Fa Lun Gong", "法轮功"),
        ("fǎ lún gōng", "法轮功"),
        ("f.a.l.u.n.g.o.n.g", "法轮功"),
        ("法lun功", "法轮功"),
        ("法 LUN 功", "法轮功"),
        ("卖du品的", "毒品"),
        ("赌bo网站", "赌博网站"),
        ("yinhangka", "银行卡"),
    ],
)
def test_found_in_pinyin(text: str, phrase: str) -> None:
    assert [hit.phrase for hit in PINYIN.find(text)] == [phrase]


@pytest.mark.parametrize("text", ["women and men", "falungongs", "dup in", "法 is lun and 功"])
def test_pinyin_that_is_something_else(text: str) -> None:
    assert PINYIN.find(text) == []
