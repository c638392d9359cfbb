import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher, Weights
from danlu.retrieve.ranking.rank import weights_of
from danlu.retrieve.refusal.answerable import FEATURES, WINDOW, _joined, _sentences, _share, _windows, features
from danlu.retrieve.refusal.asked import asked, weigh
from danlu.retrieve.refusal.calibrate import calibrate
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions
from danlu.retrieve.refusal.near_gate import Judgement, gate_of
from danlu.text.language import answer_language
from documents import as_markdown, chapter
from indexes import Indexed, indexed


def _judged(searcher: Searcher, question: str) -> Judgement:
    language = answer_language(question)
    legs = searcher.legs(question)
    return gate_of(searcher).judge(features(searcher, question, legs, weights_of(searcher, language)), language, None)


def _features(searcher: Searcher, question: str) -> Mapping[str, float]:
    found = features(searcher, question, searcher.legs(question), weights_of(searcher, answer_language(question)))
    assert found is not None
    return dict(zip(FEATURES, found, strict=True))


def _weights(searcher: Searcher) -> dict[str, Weights]:
    return {language: weights_of(searcher, language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_general_questions_that_set_no_threshold_are_refused(searcher: Searcher, language: str) -> None:
    asked = off_domain_questions(language, "test")
    refused = sum(bool(_judged(searcher, question).refused) for question in asked)
    assert refused >= 0.9 * len(asked)


@pytest.mark.parametrize(
    "question",
    [
        "What is the default charge limit of a laptop battery?",
        "How do I pair a Bluetooth headset?",
        "怎么让树莓派的蓝牙耳机识别指纹？",
    ],
)
def test_a_question_whose_weightiest_word_stands_nowhere_is_refused(searcher: Searcher, question: str) -> None:
    assert _judged(searcher, question).refused
    assert answer(searcher, question).refused


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        ("How do I load a console font on startup?", "How do I load a Bluetooth headset on startup?"),
        ("How do I set the paper size?", "How do I set the payroll size?"),
        ("怎样在启动时加载控制台字体？", "怎样在启动时加载指纹照片？"),
    ],
)
def test_what_the_documents_lack_lowers_the_chance_of_an_answer(searcher: Searcher, held: str, lacking: str) -> None:
    assert _judged(searcher, held).answer > _judged(searcher, lacking).answer
    assert _features(searcher, held)["missing"] > _features(searcher, lacking)["missing"]


def test_an_everyday_word_that_the_documents_lack_counts_less_than_a_rare_one(searcher: Searcher) -> None:
    everyday, rare = (_features(searcher, f"{word} paper size") for word in ("husband", "pneumatology"))
    assert everyday["missing"] > rare["missing"]
    assert everyday["covered"] > rare["covered"]


def test_spoken_words_are_found_in_written_ones_by_their_characters(searcher: Searcher) -> None:
    assert _features(searcher, "字体装载")["characters"] > _features(searcher, "字体照片")["characters"]
    assert _features(searcher, "控制台字体")["characters"] > _features(searcher, "zebra 控制台字体")["characters"]
    assert _features(searcher, "console font")["characters"] == 1.0


def test_how_long_a_passage_is_changes_no_sign_that_is_read_off_it(searcher: Searcher) -> None:
    """Windows of three sentences are read, wherever they stand in a passage."""
    [hit] = searcher.search("console font", weights_of(searcher, "en"), 1)
    weighed = weigh(searcher, asked("Which zebra loads the console font?"))
    sentences = ["A zebra is here.", "It is so.", "So it is.", "The console font is loaded.", "That is all."]

    def covered(count: int) -> float:
        passage = _sentences(replace(hit, headings="", text=" ".join(sentences[-count:])), latin=True)
        return max(_share(weighed.weights, weighed.held(_joined(window))) for window in _windows(passage, WINDOW))

    assert covered(2) == covered(5)


@pytest.mark.parametrize("question", ["", "?", "the and of", "吗呢吧", "zzzz qqqq"])
def test_a_question_that_says_nothing_is_off_domain(searcher: Searcher, question: str) -> None:
    assert _judged(searcher, question).refused == "off-domain"


def test_the_stages_refuse_by_their_own_thresholds(searcher: Searcher) -> None:
    question = "How do I load a console font on startup?"
    legs, weights = searcher.legs(question), weights_of(searcher, "en")
    values = features(searcher, question, legs, weights)
    gate = gate_of(searcher)
    odds = gate.judge(values, "en", None)
    above = {"zh": 0.0, "en": odds.domain + 1}, {"zh": 0.0, "en": odds.answer + 1}
    assert not odds.refused
    assert replace(gate, thresholds=above[0]).judge(values, "en", None).refused == "off-domain"
    assert replace(gate, answer_thresholds=above[1]).judge(values, "en", None).refused == "near-domain"


def test_the_gate_never_refuses_more_than_a_quarter_of_the_corpus_own_questions(searcher: Searcher) -> None:
    own = ["country", "people", "paper size", "boot system", "console font", "local package list", "mail", "user"]
    gate = calibrate(searcher, {"en": own}, _weights(searcher), reads_both=False)
    refused = [
        bool(gate.judge(features(searcher, asked, searcher.legs(asked), _weights(searcher)["en"]), "en", None).refused)
        for asked in own
    ]
    assert sum(refused) <= 2
    assert gate.measured["en"]["own_refused"] == sum(refused) / len(own)


def test_many_headings_cost_no_more_than_a_hundred(searcher: Searcher) -> None:
    own = {"en": ["console font", "paper size", "boot system"] * 200}
    assert calibrate(searcher, own, _weights(searcher), reads_both=False).measured["en"]["own_questions"] == 100


def test_the_same_index_has_the_same_gate(searcher: Searcher) -> None:
    own = {"en": ["console font"], "zh": []}
    assert calibrate(searcher, own, _weights(searcher), reads_both=False) == calibrate(
        searcher, own, _weights(searcher), reads_both=False
    )


@pytest.fixture(scope="module")
def cookbook() -> Indexed:
    """A corpus about subjects of the general questions themselves: each is a heading, with some text of its own below."""
    documents = {}
    for language in LANGUAGES:
        filler = " ".join(text for _, text in chapter(language)).replace("\n", " ")
        questions = off_domain_questions(language, "calibrate")
        size = len(filler) // len(questions)
        parts = [filler[number * size : (number + 1) * size] for number in range(len(questions))]
        pairs = zip(questions, parts, strict=True)
        documents[f"{language}.md"] = as_markdown([(question, f"{question} {part}") for question, part in pairs])
    return indexed(documents)


def test_a_corpus_about_the_general_questions_still_answers_its_own(cookbook: Indexed) -> None:
    rows = [json.loads(line) for line in cookbook.chats.questions.read_text(encoding="utf-8").splitlines()]
    held_out = [row["question"] for row in rows if row["split"] == "held_out"]
    with opened(cookbook.index.database) as searcher:
        answered = sum(not answer(searcher, question).refused for question in held_out)
    assert answered >= 0.6 * len(held_out)


def test_a_refusal_says_what_came_nearest(searcher: Searcher) -> None:
    given = answer(searcher, "How do I pair a Bluetooth headset with the console on startup?")
    assert given.refused
    assert given.citations == ()
    assert given.closest
    assert given.closest[0].quote
