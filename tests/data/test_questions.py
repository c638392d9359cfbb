import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.core.artifacts import Chats, Corpus
from danlu.data.extract.markdown import extract_markdown
from danlu.data.questions import QuestionsConfig, group_similar, make_questions
from danlu.data.repair import repair_document
from danlu.text.language import document_language
from danlu.text.records import Document, Ledger, read_documents
from danlu.text.segment import fold
from documents import as_markdown, chapter
from stages import ran


def document(name: str, markdown: bytes) -> Document:
    found = extract_markdown(markdown)
    raw = Document(name, found.text, found.title or name, f"docs/{name}", "text/markdown", "MIT", blocks=found.blocks)
    repaired, _ = repair_document(raw)
    return replace(repaired, language=document_language(repaired.text))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    english, chinese = chapter("en"), chapter("zh")
    revised = [(heading, text.replace("Debian", "Devuan")) for heading, text in english[:4]]
    documents = [
        document("a", as_markdown(english)), document("b", as_markdown(chinese)), document("c", as_markdown(revised)),
        document("d", as_markdown([("Something else with two words", english[0][1])])),
    ]  # fmt: skip
    return ran(Corpus, lambda folder: Ledger(len(documents), documents).write(folder))


def made(corpus: Corpus, seed: int = 0, **config: Any) -> Chats:
    return ran(
        Chats, lambda work: make_questions.body(work, QuestionsConfig(**config), documents=corpus), work=True, seed=seed
    )


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_question_is_a_heading_with_all_the_sections_below_it(corpus: Corpus) -> None:
    questions = rows(made(corpus).questions)
    [paper] = [q for q in questions if q["question"] == "How can I ensure that all programs use the same paper size?"]
    assert {section.split(":")[0] for section in paper["sections"]} == {"a", "c"}
    assert {question["language"] for question in questions} == {"en", "zh"}
    assert len({(fold(q["question"]), q["language"]) for q in questions}) == len(questions)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_crosses_the_split(corpus: Corpus, seed: int) -> None:
    chats = made(corpus, seed)
    sides: dict[str, set[str]] = defaultdict(set)
    for question in rows(chats.questions):
        for section in question["sections"]:
            sides[section].add(question["split"])
    for path, side in ((chats.train, "train"), (chats.held_out, "held_out")):
        for pair in rows(path):
            sides[pair["id"]].add(side)
    assert all(len(found) == 1 for found in sides.values())
    texts = {pair["id"]: pair["messages"][1]["content"] for p in (chats.train, chats.held_out) for pair in rows(p)}
    same = [id for id, text in texts.items() if text.startswith("Install the `libpaper1` package")]
    assert len(same) == 3
    assert len({next(iter(sides[id])) for id in same}) == 1, "equal texts below different headings stay together"


def test_the_share_held_out_is_what_was_asked_for(corpus: Corpus) -> None:
    held = {
        s: sum(q["split"] == "held_out" for q in rows(made(corpus, held_out_share=s).questions)) for s in (0.1, 0.9)
    }
    assert held[0.1] < held[0.9]


def test_pairs_are_in_the_languages_of_the_base_and_end_at_sentences(corpus: Corpus) -> None:
    texts = {d.doc_id: d.text for d in read_documents(corpus.documents)}
    chats = made(corpus, pair_languages=("zh",), answer_characters=80)
    pairs = rows(chats.train) + rows(chats.held_out)
    assert {pair["source"] for pair in pairs} == {"docs/b"}
    for pair in pairs:
        answer = pair["messages"][1]["content"]
        assert answer in texts["b"]
        assert 0 < len(answer) <= 80


@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two", "three"]), st.text("abcdef", min_size=8, max_size=20)), max_size=8
    )
)
def test_groups_are_the_same_in_any_order(sections: list[tuple[str, str]]) -> None:
    def parted(given_sections: list[tuple[str, str]]) -> set[frozenset[tuple[str, str]]]:
        found = defaultdict(set)
        for section, group in zip(given_sections, group_similar(given_sections), strict=True):
            found[group].add(section)
        return {frozenset(group) for group in found.values()}

    assert parted(sections) == parted(sections[::-1])
    for heading in {heading for heading, _ in sections}:
        assert sum(any(heading == h for h, _ in group) for group in parted(sections)) == 1


def test_a_text_that_is_copied_very_often_is_still_one_group() -> None:
    text = "The same licence notice stands below every one of these headings, word for word."
    sections = [(f"Heading {number}", f"{text} {number}") for number in range(120)]
    assert set(group_similar([*sections, ("Other", "Nothing of this is like the rest at all.")])) == {0, 120}
