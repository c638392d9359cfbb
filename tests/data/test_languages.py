from dataclasses import replace

from danlu.core.stages import Config
from danlu.data.languages import UNTOLD, says_languages, tell_languages
from danlu.data.repair import RepairConfig, repair
from data.corpora import contents, corpus, document, made, paragraphs, rows

CHINESE, ENGLISH = paragraphs("zh")[:6], paragraphs("en")[:6]
GERMAN = "Der Hund lief gestern über die Wiese und bellte laut, weil er eine Katze gesehen hatte."


def mixed(count: int = 12) -> list[object]:
    texts = [*CHINESE, *ENGLISH, GERMAN, "17 42"][:count]
    return [document(f"{number:02}", text) for number, text in enumerate(texts)]


def test_languages_are_told_and_nothing_else_changes() -> None:
    given = corpus(mixed(14), parts=3)  # type: ignore[arg-type]
    told = made(tell_languages, Config(), documents=given)
    assert [row["language"] for row in rows(told, "documents")] == ["zh"] * 6 + ["en"] * 6 + ["de", UNTOLD]
    without = [row | {"language": UNTOLD} for row in rows(told, "documents")]
    assert without == rows(given, "documents")
    assert told.manifest.counts == {"input": 14, "kept": 14, "rejected": 0}


def test_a_language_that_was_said_stays() -> None:
    given = corpus([document("a", CHINESE[0], language="en"), document("b", CHINESE[1])])
    told = made(tell_languages, Config(), documents=given)
    assert [row["language"] for row in rows(told, "documents")] == ["en", "zh"]


def test_repair_tells_the_same_languages() -> None:
    given = corpus(mixed(14))  # type: ignore[arg-type]
    told, repaired = made(tell_languages, Config(), documents=given), made(repair, RepairConfig(), documents=given)
    assert [row["language"] for row in rows(told, "documents")] == [
        row["language"] for row in rows(repaired, "documents")
    ]


def test_what_a_row_states_stays_as_a_plain_code_and_a_page_is_told_all_the_same() -> None:
    given = corpus(
        [
            document("a", "東京都港区六本木", language="ja"),
            document("b", "hello world", language="en-US"),
            document("c", CHINESE[0], language="Klingon"),
            replace(document("d", CHINESE[0], language="en"), media_type="text/html"),
            replace(document("e", "17 42", language="zh-CN"), media_type="text/html"),
            document("f", ENGLISH[0], language="unknown"),
        ]
    )
    told, repaired = made(tell_languages, Config(), documents=given), made(repair, RepairConfig(), documents=given)
    for corpus_made in (told, repaired):
        assert [row["language"] for row in rows(corpus_made, "documents")] == ["ja", "en", "Klingon", "zh", "zh", "en"]
    assert [row["language"] for row in rows(repaired, "statistics")] == ["ja", "en", "Klingon", "zh", "zh", "en"]


def test_the_number_of_workers_changes_no_byte() -> None:
    given = corpus(mixed(), parts=4)  # type: ignore[arg-type]
    one, two = (made(tell_languages, Config(), workers=workers, documents=given) for workers in (1, 2))
    assert contents(one) == contents(two)


def test_a_corpus_says_languages_when_one_document_does() -> None:
    assert not says_languages(corpus(mixed(2)))  # type: ignore[arg-type]
    assert says_languages(corpus([*mixed(2), document("c", GERMAN, language="de")]))  # type: ignore[list-item]
    assert not says_languages(corpus([]))
