from pathlib import Path

import pytest

from danlu.core.hashing import hash_file
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.refusal import gate as gate_module
from danlu.retrieve.refusal.gate import CALIBRATION, LANGUAGES, keyness, off_domain_questions
from danlu.text.segment import terms


@pytest.mark.parametrize(
    "question",
    [
        "How do I load a console font on startup?",
        "Which file keeps the default paper size?",
        "如何把用户加入设备所属的组？",
    ],
)
def test_questions_about_the_documents_pass(searcher: Searcher, question: str) -> None:
    assert not answer(searcher, question).refused


def test_questions_that_calibrate_do_not_measure() -> None:
    for language in LANGUAGES:
        calibrating, measuring = (set(off_domain_questions(language, split)) for split in ("calibrate", "test"))
        assert len(calibrating) >= 30
        assert len(measuring) >= 30
        assert not calibrating & measuring


def test_changed_calibration_questions_are_a_new_version() -> None:
    """Whoever changes them raises CALIBRATION, so that no index keeps its id with another gate, and puts the new hash here."""
    shipped = Path(gate_module.__file__).parent / "calibration" / "off_domain.jsonl"
    assert (CALIBRATION, hash_file(shipped)) == (3, "11ee8f1031903e1c50626c437ee75c49bc4c8bf143711410457107c2b48ae33d")


@pytest.mark.parametrize(
    ("own", "anybodys"),
    [("packages of the console", "people of the country"), ("软件包的命令", "国家的人")],
)
def test_words_that_are_the_corpus_own_speak_for_a_question(searcher: Searcher, own: str, anybodys: str) -> None:
    least, most = (
        order(keyness(searcher, words, searcher.holders(words)))
        for order, words in ((min, terms(own)), (max, terms(anybodys)))
    )
    assert least > 0 > most


def test_a_rare_word_that_the_corpus_lacks_says_nothing_of_its_own(searcher: Searcher) -> None:
    """It lowers the share that is known, and no more: names of people and things are in no list."""
    words = ["consol", "zzyzx", "peopl"]
    known, unheard, anybodys = keyness(searcher, words, searcher.holders(words))
    assert known > 0
    assert unheard == 0
    assert anybodys < 0
