import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.data.balance.groups import (
    GENDER,
    NO_GROUP,
    SEVERAL,
    cramers_v,
    group_of,
    target_shares,
    too_small,
    weights_of,
)
from danlu.data.balance.measures import domain_of, mtld, tokens_of
from danlu.data.balance.swap import KINDS, swaps
from danlu.data.balance.tone import emotion_of, formality, is_imperative, polarity, register_of
from danlu.data.balance.topics import topics_of
from danlu.data.balance.variety import compression, distinct, self_overlap
from danlu.text.offsets import apply
from danlu.text.records import Block, Document


def page(text: str, language: str, **facts: str) -> Document:
    return Document(
        "a", text, "", "folder/a.txt", "text/plain", "MIT", language, meta=str(facts or "{}").replace("'", '"')
    )


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("He gave her his book.", "She gave him her book."),
        ("She met him and his sister.", "He met her and her brother."),
        ("The book is his.", "The book is hers."),
        ("The book is hers, not his.", "The book is his, not hers."),
        ("I told her about it.", "I told him about it."),
        ("Mr. Smith is an actor.", "Ms. Smith is an actress."),
        ("A king and an uncle", "A queen and an aunt"),
        ("HE SAID SO HIMSELF.", "SHE SAID SO HERSELF."),
        ("The chef heard the theory.", "The chef heard the theory."),
        ("James married an heiress.", "Mary married an heiress."),
        ("See https://he.example.org/his and `his = her`.", "See https://he.example.org/his and `his = her`."),
    ],
)
def test_english_agrees_after_a_swap(text: str, other: str) -> None:
    assert apply(text, swaps(page(text, "en"), ("gender", "names")))[0] == other


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("他的父亲是一位先生。", "她的母亲是一位女士。"),
        ("其他人喜欢吉他。", "其他人喜欢吉他。"),
        ("请阅读《他们的故事》。", "请阅读《他们的故事》。"),
        ("姐姐和丈夫都来了。", "哥哥和妻子都来了。"),
    ],
)
def test_chinese_is_swapped_word_by_word(text: str, other: str) -> None:
    assert apply(text, swaps(page(text, "zh"), ("gender",)))[0] == other


def test_places_change_with_what_is_said_of_them_and_their_article() -> None:
    text = "An Italian came from Rome to Germany and met a Spanish cook."
    assert (
        apply(text, swaps(page(text, "en"), ("places",)))[0]
        == "A Spanish came from Madrid to France and met an Italian cook."
    )
    assert apply("他从法国巴黎来。", swaps(page("他从法国巴黎来。", "zh"), ("places",)))[0] == "他从德国柏林来。"


def test_code_is_not_swapped_and_other_languages_neither() -> None:
    text = "he = his"
    assert swaps(Document("a", text, "", "a", "t", "MIT", "en", (Block(0, 8, "code"),)), KINDS) == []
    assert swaps(page("he is", "de"), KINDS) == []


def test_a_swap_twice_is_the_text_again() -> None:
    for text, language in (("He told his mother that the actor was king.", "en"), ("他们的儿子和先生", "zh")):
        once = apply(text, swaps(page(text, language), KINDS))[0]
        assert once != text and apply(once, swaps(page(once, language), KINDS))[0] == text


def test_groups_come_from_columns_meta_and_words() -> None:
    document = page("She and her sister met him.", "en", author="Lin")
    assert group_of(document, "language", {}) == "en"
    assert group_of(document, "author", {}) == "Lin"
    assert group_of(document, "nowhere", {}) == NO_GROUP
    assert group_of(document, "gender", GENDER) == "female"
    assert group_of(page("他和她", "zh"), "gender", GENDER) == SEVERAL
    assert group_of(page("天气很好", "zh"), "gender", GENDER) == NO_GROUP


def test_weights_bring_groups_to_their_shares_and_make_labels_independent() -> None:
    cells = {("a", "yes"): 60, ("a", "no"): 20, ("b", "yes"): 5, ("b", "no"): 15}
    weights = weights_of(cells, {}, most=100)
    mass = {cell: weights[cell] * count for cell, count in cells.items()}
    assert sum(mass.values()) == pytest.approx(100)
    assert mass["a", "yes"] + mass["a", "no"] == pytest.approx(50)
    assert (
        mass["a", "yes"] / mass["a", "no"]
        == pytest.approx(mass["b", "yes"] / mass["b", "no"])
        == pytest.approx(65 / 35)
    )


def test_weights_are_bounded() -> None:
    weights = weights_of({("a", ""): 999, ("b", ""): 1}, {"a": 0.5, "b": 0.5}, most=10)
    assert weights == {("a", ""): pytest.approx(0.500501), ("b", ""): 10}


def test_documents_without_a_group_keep_their_share() -> None:
    shares = target_shares({"a": 60, "b": 20, NO_GROUP: 20}, {"a": 1.0, "b": 3.0}, most=10)
    assert shares == {"a": pytest.approx(0.2), "b": pytest.approx(0.6), NO_GROUP: 0.2}
    with pytest.raises(UserError, match="No document is in the group c"):
        target_shares({"a": 1}, {"c": 1.0}, most=10)


def test_a_handful_of_documents_is_no_language_to_be_evened_out() -> None:
    counts = {"zh": 10_000, "en": 2_000, "nb": 3, "la": 2, NO_GROUP: 5}
    assert too_small(counts, most=10) == {"nb", "la"}
    shares = target_shares(counts, {}, most=10)
    assert shares["zh"] == shares["en"] and shares["nb"] == pytest.approx(3 / 12_010)
    weights = weights_of({(language, ""): n for language, n in counts.items()}, {}, most=10)
    assert weights["nb", ""] == weights[NO_GROUP, ""] == 1 and weights["en", ""] == pytest.approx(3)


def test_what_the_user_gives_a_share_is_never_too_small() -> None:
    assert target_shares({"zh": 10_000, "nb": 3}, {"zh": 0.5, "nb": 0.5}, most=10) == {"zh": 0.5, "nb": 0.5}


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 10**6), min_size=1), st.floats(1, 100))
def test_shares_add_up_and_no_group_outgrows_its_bound(counts: dict[str, int], most: float) -> None:
    shares = target_shares(counts, {}, most)
    total = sum(counts.values())
    assert sum(shares.values()) == pytest.approx(1)
    assert all(shares[group] * total <= n * most * (1 + 1e-9) for group, n in counts.items())


def test_a_language_that_nobody_could_tell_is_no_group() -> None:
    assert group_of(page("123", "und"), "language", {}) == NO_GROUP


def test_cramers_v_is_one_for_perfect_and_nought_for_no_association() -> None:
    assert cramers_v({("a", "x"): 5, ("b", "y"): 5}) == 1
    assert cramers_v({("a", "x"): 5, ("a", "y"): 5, ("b", "x"): 5, ("b", "y"): 5}) == 0
    assert cramers_v({("a", ""): 5}) is None


def plain_mtld(tokens: list[str]) -> float:
    """The definition, written out: count a factor whenever the ratio falls to 0.72."""

    def one_way(words: list[str]) -> float:
        factors, start = 0.0, 0
        for end in range(1, len(words) + 1):
            stretch = words[start:end]
            if len(set(stretch)) / len(stretch) <= 0.72:
                factors, start = factors + 1, end
        rest = words[start:]
        if rest:
            factors += (1 - len(set(rest)) / len(rest)) / 0.28
        return len(words) / factors if factors else float(len(words))

    return round((one_way(tokens) + one_way(tokens[::-1])) / 2, 2)


def test_mtld_follows_its_definition() -> None:
    text = "the cat sat on the mat and the dog saw the cat on the mat with a rat and a hat " * 5
    assert mtld(text.split()) == plain_mtld(text.split())
    assert mtld(["a"] * 10) is None
    varied, dull = [f"w{n}" for n in range(200)], ["a", "b"] * 100
    assert (mtld(varied) or 0) > (mtld(dull) or math.inf)


def test_tokens_are_words_in_both_languages() -> None:
    assert tokens_of("Don’t panic, 管理员 says 42") == ["don't", "panic", "管理员", "says", "42"]


def test_variety_of_equal_documents_is_least() -> None:
    same, other = [["a", "b", "c", "d", "e"]] * 4, [[f"{n}{c}" for c in "abcde"] for n in range(4)]
    assert (self_overlap(same), self_overlap(other)) == (1, 0)
    assert distinct(same, 2) == 0.25 and distinct(other, 2) == 1
    assert distinct([], 1) is None and self_overlap([["a"]]) is None
    assert (compression(["hello world " * 50] * 5) or 1) < 0.1


@pytest.mark.parametrize(
    ("text", "register"),
    [
        ("Click the button, select the file and press Enter. You must open the settings first.", "instruction"),
        ("请点击按钮，选择文件，然后按回车。您必须先打开设置，执行以下步骤。", "instruction"),
        ("The function returns a default value of type string when the argument is not an array.", "technical"),
        ("新华社消息，记者今年报道，政府近日发布市场增长。", "news"),
        ("The sky.", "undecided"),
    ],
)
def test_registers(text: str, register: str) -> None:
    assert register_of(tokens_of(text)) == register


def test_tone_turns_with_a_negation() -> None:
    assert polarity(tokens_of("good, great and useful")) == 1
    assert polarity(tokens_of("not good, no great help, never useful")) == -1
    assert polarity(tokens_of("很好，满意，喜欢，推荐")) == 1
    assert polarity(tokens_of("fine")) is None
    assert formality(tokens_of("因此，鉴于此，予以进行")) == 1 and formality(tokens_of("yeah okay cool guys")) == -1
    assert emotion_of(tokens_of("害怕，担心，恐惧")) == "fear" and emotion_of(["x"]) == "none"


@pytest.mark.parametrize(
    ("sentence", "order"), [("Click here.", True), ("请打开。", True), ("1. Open it.", True), ("It opens.", False)]
)
def test_orders_are_told_by_their_beginning(sentence: str, order: bool) -> None:
    assert is_imperative(sentence) is order


def test_topics_part_what_shares_no_words() -> None:
    documents = [["network", "socket", "packet", "router"]] * 10 + [["flour", "sugar", "butter", "oven"]] * 10
    topics = topics_of([[*words, f"own{n}"] for n, words in enumerate(documents)], seed=0)
    assert sum(topic.documents for topic in topics) == 20
    kitchen, wire = {"flour", "sugar", "butter", "oven"}, {"network", "socket", "packet", "router"}
    assert all(not (set(topic.terms) & kitchen and set(topic.terms) & wire) for topic in topics)
    assert topics == topics_of([[*words, f"own{n}"] for n, words in enumerate(documents)], seed=0)
    assert topics_of(documents[:4], seed=0) == []


def test_a_domain_is_the_host_or_the_folder() -> None:
    assert domain_of(page("x", "en", url="https://www.debian.org/doc/x.html")) == "debian.org"
    assert domain_of(page("x", "en")) == "folder"
