import re
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.data.augment import chinese_grammar, english_grammar, noise
from danlu.data.augment.protected import Spans, protected_spans
from danlu.data.augment.synonyms import chinese_synonyms, english_synonyms
from danlu.data.augment.translate import TwoModels, back_translated
from danlu.data.augment.wordnet import WordNet, find_wordnet
from danlu.text.offsets import Edit, apply
from danlu.text.records import Document
from tiny_wordnet import write_wordnet

NONE = Spans.of([])


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> WordNet:
    return WordNet(write_wordnet(tmp_path_factory.mktemp("wordnet")))


def synonyms(text: str, wordnet: WordNet) -> str:
    return apply(text, english_synonyms(text, NONE, Random(0), 1.0, wordnet))[0]


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("They purchase a vendor list.", "They buy a seller list."),
        (
            "She purchased it from two vendors.",
            "She purchased it from two sellers.",
        ),  # `bought` is irregular: left alone
        ("He computes sums.", "He calculates sums."),
        ("Computing takes time.", "Calculating takes time."),
        ("Compute this.", "Calculate this."),
        ("The hard vendor list", "The hard vendor list"),  # `hard vendor` is an entry of its own
        ("A large bank", "A big bank"),  # `bank` has two senses that are both common
    ],
)
def test_an_english_synonym_keeps_form_and_capital(text: str, variant: str, wordnet: WordNet) -> None:
    assert synonyms(text, wordnet) == variant


def test_a_folder_without_wordnet_is_an_error_only_when_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing") as caught:
        find_wordnet(tmp_path)
    assert "wordnet-base" in caught.value.hint


def test_chinese_synonyms_keep_length_and_tag() -> None:
    text = "我们应加强管理，描述方法，保持稳定，扩大规模。"
    edits = chinese_synonyms(text, NONE, Random(1), 1.0)
    assert edits
    assert all(len(edit.replacement) == edit.end - edit.start for edit in edits)


@pytest.mark.parametrize("word", ["总统", "回来", "会议", "已经"])
def test_words_that_a_thesaurus_confuses_are_left_alone(word: str) -> None:
    assert not any(word in text for text in [f"他们{word}了。"] for _ in chinese_synonyms(text, NONE, Random(0), 1.0))


def test_the_share_of_replaced_words_is_bounded() -> None:
    text = "加强管理，保持稳定，扩大规模，描述方法，加快速度，维护秩序。" * 5
    assert len(chinese_synonyms(text, NONE, Random(0), 0.1)) <= 0.1 * 60


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("It does not start.", "It doesn't start."),
        ("You are ready and we will go.", "You're ready and we'll go."),
        ("It doesn't start, and they're late.", "It does not start, and they are late."),
        ("Why don't you start?", "Why don't you start?"),  # expanded word by word it would be no English
        ("Do NOT start.", "Do NOT start."),
    ],
)
def test_contractions_go_one_way_in_a_text(text: str, variant: str) -> None:
    assert apply(text, list(english_grammar.contractions(text, NONE)))[0] == variant


def turned_english(text: str) -> list[str]:
    return [edit.replacement if edit else form for edit, form in english_grammar.clauses(text, NONE)]


def test_a_plain_clause_becomes_passive_or_cleft() -> None:
    assert turned_english("The scheduler starts the job.") == ["The job is started by the scheduler."]
    assert turned_english("Look. The old server sent a message.") == ["It was the old server that sent a message."]
    assert turned_english("The tool removes the file quickly.") == [
        "passive"
    ]  # abstained: the adverb belongs to the verb


@pytest.mark.parametrize("text", ["Nobody starts the job.", "The job of the day starts the run.", "Starts the job."])
def test_what_is_no_plain_clause_is_not_touched(text: str) -> None:
    assert all(form in ("passive", "cleft") for form in turned_english(text))


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("服务员把房卡交给了门童。", "房卡被服务员交给了门童。"),
        ("手机被雨水淋坏了。", "雨水把手机淋坏了。"),
    ],
)
def test_ba_and_bei_turn_into_each_other(text: str, variant: str) -> None:
    edits = [edit for edit, _ in chinese_grammar.turned(text, NONE) if edit]
    assert apply(text, edits)[0] == variant


@pytest.mark.parametrize(
    "text", ["如果把文件删除就不能恢复。", "他没有把门关上。", "请把窗户打开。", "很多时候被成人复杂化了。"]
)
def test_a_clause_that_is_not_sure_is_counted_and_left(text: str) -> None:
    assert [edit for edit, _ in chinese_grammar.turned(text, NONE)] == [None]


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("你能帮我吗？", "你能不能帮我？"),
        ("您有没有问题？", "您有问题吗？"),
        ("这有什么意义吗？", "这有什么意义吗？"),
        ("你不能帮我吗？", "你不能帮我吗？"),
    ],
)
def test_question_forms(text: str, variant: str) -> None:
    assert apply(text, list(chinese_grammar.question_forms(text, NONE)))[0] == variant


def test_de_is_left_out_before_kin_only() -> None:
    text = "我的妈妈和我的书，他们的公司。"
    assert apply(text, list(chinese_grammar.without_de(text, NONE)))[0] == "我妈妈和我的书，他们公司。"


NOISY = (noise.keyboard, noise.misread, noise.homophones, noise.dropped, noise.case)


@pytest.mark.parametrize("make", NOISY)
def test_noise_spares_what_is_protected(make: "noise.Any") -> None:
    text = "Install version 3.5 from https://debian.org with apt-get, 管理员在北京用2023年的配置解决问题" * 3
    for language in ("en", "zh"):
        spans = protected_spans(Document("a", text, "", "a", "text/plain", "MIT", language))
        for edit in make(text, spans, Random(3), 1.0):
            assert not spans.touch(edit.start, edit.end)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("abcdefgh 己已土士问题经济的了12.，。\n"), max_size=120), st.integers(0, 5))
def test_noise_gives_edits_in_order_without_overlaps(text: str, seed: int) -> None:
    from danlu.data.augment.methods import without_overlaps

    for make in NOISY:
        edits = without_overlaps(make(text, NONE, Random(seed), 1.0))
        assert all(a.end <= b.start for a, b in pairwise(edits))
        assert all(0 <= edit.start < edit.end <= len(text) for edit in edits)
        apply(text, edits)


class _Upside:
    """A translator as it may fail: it loses numbers, or says the same, or the other language."""

    def __init__(self, back: str) -> None:
        self.back = back

    def content_hash(self) -> str:
        return self.back

    def translate(self, sentences: list[str], source: str, target: str) -> list[str]:
        return ["译文" if target == "zh" else self.back for _ in sentences]


@pytest.mark.parametrize(
    ("back", "kept"),
    [
        ("There are 12 files left.", True),
        ("There are some files left.", False),
        ("12 files remain here.", False),
        ("剩下 12 个文件。", False),
    ],
)
def test_a_translation_that_loses_a_fact_or_the_language_is_not_taken(back: str, kept: bool) -> None:
    text = "12 files remain here."
    spans = Spans.of([(0, 2)])
    [(edit, _)] = back_translated(text, "en", spans, _Upside(back), lambda: True)
    assert edit == (Edit(0, len(text), back, "translated there and back") if kept else None)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json is missing"):
        TwoModels(tmp_path, tmp_path).content_hash()


def test_marian_models_of_transformers_translate(tmp_path: Path) -> None:
    from tiny_marian import write_marian

    models = TwoModels(write_marian(tmp_path / "zh-en", 1), write_marian(tmp_path / "en-zh", 2))
    first = models.translate(["hello there"], "en", "zh")
    assert first == models.translate(["hello there"], "en", "zh")
    assert isinstance(first[0], str)
    assert models.content_hash() != TwoModels(models.en_zh, models.zh_en).content_hash()
    assert re.fullmatch("[0-9a-f]{64}", models.content_hash())
