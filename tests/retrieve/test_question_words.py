"""How a question's own words become those of the documents: misspelt ones, and other names that the documents define."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.rank import best_passages
from indexes import Indexed
from live_indexes import live_copy, note

ALL = None
HR = frozenset({"hr"})


@pytest.fixture
def live(handbook_index: Indexed, tmp_path: Path) -> Iterator[LiveIndex]:
    with closing(live_copy(handbook_index, tmp_path)) as index:
        yield index


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("How do I instal pakcages?", "How do I instal packages?"),
        ("Confgure the system", "Configure the system"),
        ("Instalation of scirpts", "Instalation of scripts"),
    ],
)
def test_a_misspelt_word_is_taken_as_the_documents_write_it(searcher: Searcher, written: str, meant: str) -> None:
    assert spelt(searcher, written).question == meant


@pytest.mark.parametrize(
    "question",
    [
        "How do I install packages?",
        "Who painted the Mona Lisa?",
        "Is apt-gte or /etc/intitab or pakcage_x meant?",
        "What is XYZZY or PaKcage?",
        "软件包怎么安装",
        "Wie installiere ich eigentlich irgendwelche Softwarepakete nachträglich",
        "",
    ],
)
def test_other_words_stay(searcher: Searcher, question: str) -> None:
    assert spelt(searcher, question).question == question


OFFICE = (
    "员工每年有十五天年假，年假须提前三天申请。",
    "未用完的年假可以结转到下一年。",
    "忘记密码时，登录系统后修改账号的权限。",
    "报销差旅费须附发票。",
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("年架要提前几天申请？", "年假要提前几天申请？"),
        ("怎么登陆系统？", "怎么登录系统？"),
        ("帐号怎么改", "账号怎么改"),
        ("如何修改帐号的劝限", "如何修改账号的权限"),
        ("报消差旅费要什么？ And scirpts?", "报销差旅费要什么？ And scripts?"),
    ],
)
def test_a_chinese_word_of_the_same_sound_is_taken_as_the_documents_write_it(
    live: LiveIndex, written: str, meant: str
) -> None:
    for number, text in enumerate(OFFICE):
        live.put(note(f"office{number}", text))
    with live.reading(ALL) as view:
        assert spelt(view, written).question == meant


@pytest.mark.parametrize(
    "question",
    [
        "年假要提前几天申请？",
        "二维码怎么分享给同事？",
        "什么时候做磁盘镜像？",
        "十五天够吗？",
        "勾股定理的公式是什么？",
        "劝",
    ],
)
def test_other_chinese_words_stay(live: LiveIndex, question: str) -> None:
    for number, text in enumerate(OFFICE):
        live.put(note(f"office{number}", text))
    with live.reading(ALL) as view:
        assert spelt(view, question).question == question


def test_a_chinese_word_of_hidden_documents_is_not_told(live: LiveIndex) -> None:
    for number, text in enumerate(OFFICE):
        live.put(note(f"office{number}", text, to=HR))
    question = "年架要提前几天申请？"
    with live.reading(HR) as view:
        assert spelt(view, question).changed == (("年架", "年假"),)
    with live.reading(frozenset()) as view:
        assert spelt(view, question).changed == ()


def test_an_answer_says_how_a_misspelt_question_was_understood(searcher: Searcher) -> None:
    right, wrong = answer(searcher, "How do I install packages?"), answer(searcher, "How do I install pakcages?")
    assert (right.understood, wrong.understood) == ("", "How do I install packages?")
    assert (wrong.text, wrong.citations) == (right.text, right.citations)


def test_no_word_is_told_of_a_document_that_may_not_be_seen(live: LiveIndex) -> None:
    live.put(note("plan", "Project zirconium begins in May.", to=HR))
    with live.reading(HR) as view:
        assert spelt(view, "When does zirconum begin?").changed == (("zirconum", "zirconium"),)
    with live.reading(frozenset()) as view:
        assert spelt(view, "When does zirconum begin?").changed == ()


def test_a_word_is_found_among_the_few_passages_that_may_be_seen_of_it(live: LiveIndex) -> None:
    live.put(note("many", *[f"Zirconium of rank {number}. " + "filler " * 110 for number in range(2_000)], to=HR))
    live.put(note("few", *[f"Zirconium in drawer {number}. " + "filler " * 110 for number in range(3)]))
    with live.reading(frozenset()) as view:
        assert spelt(view, "Where is the zirconum?").changed == (("zirconum", "zirconium"),)


def test_what_hidden_documents_hold_changes_no_spelling(live: LiveIndex) -> None:
    live.put(note("kettle", "The zirconium kettle whistles at dawn."))
    live.put(note("dusk", "The zirconium kettle rests at dusk."))
    live.put(note("kettles", "Every zircanium kettle is blue."))
    question = "Where is the zircnium?"
    with live.reading(frozenset()) as view:
        before = spelt(view, question).changed
    live.put(note("draft", "A zircnium kettle, misspelt.", to=HR))
    hidden = " ".join(f"zircni{letter}m" for letter in "abcdefghijklmnopqrst")
    live.put(note("noise", hidden, *["zircanium " * 5 + "filler " * 110] * 5, to=HR))
    with live.reading(frozenset()) as view:
        assert spelt(view, question).changed == before == (("zircnium", "zirconium"),)
    with live.reading(HR) as view:
        assert spelt(view, question).changed == ()


def names(view: Searcher, question: str) -> list[str]:
    return [hit.doc_id for hit in best_passages(view, question, "en", 3)]


def test_an_abbreviation_finds_what_says_the_long_form(live: LiveIndex) -> None:
    live.put(note("glossary", "A personal identification badge (PIB) opens every door."))
    live.put(note("lost", "Whoever loses the personal identification badge tells the porter."))
    live.put(note("spare", "A spare personal identification badge costs nine crowns."))
    with live.reading(ALL) as view:
        assert {"lost", "spare"} <= set(names(view, "PIB"))


def test_a_chinese_name_finds_its_latin_one_and_goes_with_its_document(live: LiveIndex) -> None:
    live.put(note("glossary", "员工门禁卡片（EBC）可以打开所有的门。"))
    live.put(note("lost", "Whoever loses an EBC tells the porter."))
    with live.reading(ALL) as view:
        assert "lost" in names(view, "员工门禁卡片")
    live.remove("glossary")
    with live.reading(ALL) as view:
        assert "lost" not in names(view, "员工门禁卡片")
        assert not view.rows("SELECT * FROM synonyms WHERE other = 'EBC' OR name = 'ebc'")


def test_a_definition_helps_only_those_who_may_see_it(live: LiveIndex) -> None:
    live.put(note("glossary", "Operation zirconium kettle (OZK) begins in May.", to=HR))
    live.put(note("kettle", "The zirconium kettle whistles during every operation."))
    with live.reading(HR) as view:
        assert "kettle" in names(view, "OZK")
    with live.reading(frozenset()) as view:
        assert view.leg("words", "OZK") == {}


def test_definitions_that_may_not_be_seen_count_for_nothing(live: LiveIndex) -> None:
    live.put(note("glossary", "Operation zirconium kettle (OZK) begins in May."))
    live.put(note("kettle", "The zirconium kettle whistles during every operation."))
    for other in ("Opal zinc keel", "Open zone key", "Old zebra kiosk", "Odd zither kit"):
        live.put(note(other, f"{other} (OZK) is a secret.", to=HR))
    with live.reading(frozenset()) as view:
        assert "kettle" in names(view, "OZK")


def test_a_name_that_many_documents_define_is_one_row(live: LiveIndex) -> None:
    live.put(note("kettle", "The zirconium kettle whistles during every operation."))
    with live.writing() as change:
        for number in range(30):
            change.put(note(f"form {number}", "Operation zirconium kettle (OZK)."))
    for number in range(29):
        live.remove(f"form {number}")
    with live.reading(HR) as view:
        assert len(view.rows("SELECT * FROM synonyms WHERE name = 'ozk'")) == 1
        assert view.other_names("OZK") == ["Operation zirconium kettle"]
    live.remove("form 29")
    with live.reading(HR) as view:
        assert not view.rows("SELECT * FROM synonyms WHERE name = 'ozk'")
        assert view.other_names("OZK") == []


def test_a_document_without_passages_takes_no_names_of_the_next_one_with_it(live: LiveIndex) -> None:
    live.put(note("empty"))
    live.put(note("glossary", "Operation zirconium kettle (OZK) begins in May."))
    live.put(note("kettle", "The zirconium kettle whistles during every operation."))
    with live.reading(ALL) as view:
        assert not view.rows("SELECT * FROM passages WHERE doc_id = 'empty'")
    live.remove("empty")
    with live.reading(ALL) as view:
        assert view.other_names("OZK") == ["Operation zirconium kettle"]


@pytest.mark.parametrize("asked", ["员工门禁卡片丢了", "員工門禁卡片丟了"])
@pytest.mark.parametrize("defined", ["员工门禁卡片（EBC）可以打开所有的门。", "員工門禁卡片（EBC）可以打開所有的門。"])
def test_traditional_characters_name_the_same(live: LiveIndex, asked: str, defined: str) -> None:
    live.put(note("glossary", defined))
    live.put(note("lost", "Whoever loses an EBC tells the porter."))
    with live.reading(ALL) as view:
        assert view.other_names(asked) == ["EBC"]
