import pytest

from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.refusal.asked import Stretch, Weighed, asked, weigh
from danlu.text.segment import fold, terms


def _kinds(question: str) -> dict[str, str]:
    return {word.form: word.kind for word in asked(question)}


def _held(searcher: Searcher, question: str, text: str) -> dict[str, float]:
    weighed = weigh(searcher, asked(question))
    stretch = Stretch(fold(text), frozenset(terms(text)))
    return dict(zip([word.form for word in weighed.words], weighed.held(stretch), strict=True))


def _weights(weighed: Weighed) -> dict[str, float]:
    return dict(zip([word.form for word in weighed.words], weighed.weights, strict=True))


def test_names_nouns_and_verbs_of_a_question() -> None:
    assert _kinds("How do I pair a Bluetooth headset?") == {"pair": "verb", "bluetooth": "name", "headset": "noun"}
    assert _kinds("怎么用 TPM 芯片解锁硬盘？") == {"tpm": "name", "芯片": "noun", "解锁": "verb", "硬盘": "noun"}


def test_a_capital_that_begins_a_sentence_is_no_name() -> None:
    assert _kinds("Bread rises. Butter melts in RAID5")["butter"] == "noun"
    assert _kinds("Bread rises. Butter melts in RAID5")["raid5"] == "name"


@pytest.mark.parametrize("question", ["", "?", "the and of", "吗呢吧", "怎么办", "想知道怎么做"])
def test_a_question_of_words_that_say_little_asks_for_nothing(question: str) -> None:
    assert asked(question) == []


def test_a_chinese_word_is_held_in_part_by_its_characters(searcher: Searcher) -> None:
    found = _held(searcher, "卸掉打印机", "卸载软件")
    assert 0 < found["卸掉"] < 1
    assert found["打印机"] == 0
    assert _held(searcher, "卸载软件", "怎样卸载软件")["卸载"] == 1


def test_an_identifier_is_held_whole_joined_or_in_parts(searcher: Searcher) -> None:
    whole, joined, parts, none = (
        _held(searcher, "a full-upgrade", text)["full-upgrade"]
        for text in ("run full-upgrade", "run fullupgrade", "a full disk", "nothing of it")
    )
    assert whole == joined == 1
    assert 0 < parts < 1
    assert none == 0


def test_a_name_in_camel_case_is_held_whole_or_in_parts(searcher: Searcher) -> None:
    assert _held(searcher, "an IPv6Address", "of class IPv6Address")["ipv6address"] == 1
    assert 0 < _held(searcher, "an IPv6Address", "an address")["ipv6address"] < 0.5
    assert 0 < _held(searcher, "an XServer", "a server")["xserver"] < 1


def test_a_rare_word_weighs_more_than_an_everyday_one(searcher: Searcher) -> None:
    found = _weights(weigh(searcher, asked("the husband of pneumatology")))
    assert found["pneumatolog"] > found["husband"]


def test_a_slip_of_the_segmenter_is_as_surprising_as_its_rarest_character(searcher: Searcher) -> None:
    """先装 is two words that were taken for one; no list knows it."""
    found = _weights(weigh(searcher, asked("先装蓝牙")))
    assert max(weight for form, weight in found.items() if form != "蓝牙") < found["蓝牙"]


def test_what_the_corpus_lacks_is_told(searcher: Searcher) -> None:
    weighed = weigh(searcher, asked("console zyzzyva"))
    assert {word.form for word in weighed.lacking} == {"zyzzyva"}
