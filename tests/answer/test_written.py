"""The route of a model's own words, with a real index, and a tiny model that knows nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from danlu.answer.asking.written import EngineWriter, answer_in_own_words
from danlu.engines.transformers_engine import TransformersEngine
from danlu.model.chat import ChatFormat
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.grounding.written import read_passages
from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher
from danlu.text.sentences import sentence_spans
from documents import as_markdown, chapter
from indexes import indexed
from tiny import make_tiny_checkpoint

QUESTION = "How can I ensure that all programs use the same paper size?"


class Says:
    """A writer whose every reply is the same."""

    def __init__(self, reply: str | None) -> None:
        self.reply = reply
        self.asked: list[Any] = []

    def write(self, messages: list[dict[str, Any]]) -> str | None:
        self.asked.append(messages)
        return self.reply


@pytest.fixture(scope="module")
def searcher() -> Iterator[Searcher]:
    with opened(indexed({"en.md": as_markdown(chapter("en"))}).index.database) as found:
        yield found


@pytest.mark.parametrize("reply", [None, "", "Everything is fine.", "Kelvinor has 4711 printers [1].", "not found"])
def test_when_nothing_stands_on_the_sources_the_quotes_are_the_answer(searcher: Searcher, reply: str | None) -> None:
    assert answer_in_own_words(searcher, QUESTION, Says(reply)) == answer(searcher, QUESTION)


def test_a_sentence_that_stands_on_its_passage_is_the_answer_with_the_place_it_stands_on(searcher: Searcher) -> None:
    text = read_passages(searcher, QUESTION)[0].text
    start, end = next(iter(sentence_spans(text)))
    sentence = text[start:end]
    found = answer_in_own_words(searcher, QUESTION, Says(f"{sentence} [1] Kelvinor has 4711 printers [1]."))
    assert found != answer(searcher, QUESTION)
    assert sentence.rstrip(".") in found.text and "4711" not in found.text
    [citation] = found.citations
    assert sentence in citation.quote


def test_a_question_that_is_refused_never_reaches_the_model(searcher: Searcher) -> None:
    writer = Says("The World Cup was won by France [1].")
    assert answer_in_own_words(searcher, "Who won the football World Cup in 1998?", writer).refused
    assert writer.asked == []


def test_a_real_engine_writes_and_is_held_against_the_passages(searcher: Searcher, tmp_path: Path) -> None:
    folder = make_tiny_checkpoint(tmp_path)
    writer = EngineWriter(
        lambda: TransformersEngine(folder, 1), ChatFormat.load(folder), context_tokens=8000, most_tokens=4
    )
    assert answer_in_own_words(searcher, QUESTION, writer) == answer(searcher, QUESTION)
    writer.close()


def test_a_prompt_that_does_not_fit_is_not_cut(tmp_path: Path) -> None:
    folder = make_tiny_checkpoint(tmp_path)
    writer = EngineWriter(
        lambda: TransformersEngine(folder, 1), ChatFormat.load(folder), context_tokens=64, most_tokens=16
    )
    assert writer.write([{"role": "user", "content": "word " * 100}]) is None
