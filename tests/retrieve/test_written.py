"""Answers in a model's own words, held against a real index."""

import pytest

from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.grounding.written import hold_against, read_passages, writing_prompt
from danlu.retrieve.legs.search import Searcher
from danlu.text.sentences import sentence_spans
from danlu.text.tables import read_rows
from indexes import Indexed

QUESTIONS = ["How can I ensure that all programs use the same paper size?", "如何确保所有程序使用相同的纸张大小？"]


def first_sentence(text: str) -> str:
    spans = [text[start:end] for start, end in sentence_spans(text)]
    return next(sentence for sentence in spans if sentence[-1] in ".。" and "\n" not in sentence)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_prompt_holds_the_question_and_each_passage_with_its_number(searcher: Searcher, question: str) -> None:
    hits = read_passages(searcher, question)
    [message] = writing_prompt(question, hits)
    assert message["role"] == "user"
    assert question in message["content"]
    assert all(
        f"[{number}] " in message["content"] and hit.text in message["content"] for number, hit in enumerate(hits, 1)
    )


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_stands_on_a_passage_is_shown_with_a_verbatim_citation(
    searcher: Searcher, handbook_index: Indexed, question: str
) -> None:
    texts = {row["source"]: row["text"] for row in read_rows(handbook_index.extraction.documents)}
    hits = read_passages(searcher, question)
    sentence = first_sentence(hits[1].text)
    said = f"{sentence[:-1]} [2]{sentence[-1]} Bob of Kelvinor pays 4711 euros [1]. This cites nothing."
    written = hold_against(searcher, question, hits, said, support=2.0)
    assert (written.sentences, written.supported) == (3, 1)
    assert written.dropped == {"name": 1, "uncited": 1} or written.dropped == {"coverage": 1, "uncited": 1}
    assert written.grounded is not None
    [citation] = written.grounded.citations
    assert texts[citation.source][citation.start : citation.end] == citation.quote
    assert written.grounded.text == f"{sentence} [1]"
    assert written.grounded.support == 2.0


def test_nothing_is_left_of_an_answer_that_cites_nothing(searcher: Searcher) -> None:
    hits = read_passages(searcher, QUESTIONS[0])
    written = hold_against(searcher, QUESTIONS[0], hits, hits[0].text, support=1.0)
    assert written.grounded is None
    assert set(written.dropped) == {"uncited"}


def test_a_quoted_answer_that_is_said_again_by_a_model_is_kept(searcher: Searcher) -> None:
    hits = read_passages(searcher, QUESTIONS[0])
    assert not answer(searcher, QUESTIONS[0]).refused
    sentence = first_sentence(hits[0].text)
    assert hold_against(searcher, QUESTIONS[0], hits, f"{sentence} [1]", 1.0).supported == 1
