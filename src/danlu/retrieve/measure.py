"""Retrieval measured on questions that neither trained nor calibrated it (the Retrieval protocol of core)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from danlu.core.answers import Grounded
from danlu.core.artifacts import Chats, Index
from danlu.core.threads import one_blas_thread
from danlu.core.writing import Written
from danlu.retrieve.claims.follow_up import resolve
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.grounding.written import hold_against, read_passages, writing_prompt
from danlu.retrieve.index import opened, read_questions
from danlu.retrieve.known_answers import answer_ranks
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.ranking.fuse import PRIOR, Measured, quality, section_rank
from danlu.retrieve.ranking.rank import ranked, weights_of
from danlu.retrieve.ranking.reorder import order_of
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions

__all__ = [
    "answer_ranks", "answers", "extractions", "held_against_passages", "held_out_questions", "leg_tables", "off_domain_tests",
    "stand_alone", "writing_prompts",
]  # fmt: skip


def leg_tables(index: Index, chats: Chats, *, blind: bool) -> dict[str, Any]:
    """Recall and MRR at ten by language and leg, on held-out heading questions; and fused against the best single leg."""
    held_out = [question for split, question in read_questions(chats) if split == "held_out"]
    tables: dict[str, Any] = {}
    with one_blas_thread(), opened(index.blind if blind else index.database) as searcher:
        for language in PRIOR:
            measured = Measured(searcher, [question for question in held_out if question.language == language])
            if measured.questions:
                tables[language] = measured.table(weights_of(searcher, language)) | _in_order(
                    searcher, language, measured
                )
    return tables


def _in_order(searcher: Searcher, language: str, measured: Measured) -> dict[str, Any]:
    """The quality of what is served where an order was learnt: the fusion, put into it."""
    if order_of((searcher.fact("orders") or {}).get(language)) is None:
        return {}
    section_of = dict(searcher.rows("SELECT id, section FROM passages"))
    found = [
        section_rank(ranked(searcher, asked.text, language, searcher.legs(asked.text)), section_of, asked)
        for asked in measured.questions
    ]
    return {"in learnt order": asdict(quality(np.array(found)))}


def answers(index: Index, questions: Sequence[str]) -> list[Grounded]:
    """What the served index answers to each question."""
    with one_blas_thread(), opened(index.database) as searcher:
        return [answer(searcher, question) for question in questions]


def stand_alone(question: str, earlier: Sequence[str]) -> str:
    """A question with what it takes over from the questions asked before it."""
    return resolve(question, earlier).question


def extractions(index: Index) -> dict[str, str]:
    """The text that was extracted from each source: what citations quote."""
    with opened(index.database) as searcher:
        return dict(searcher.rows("SELECT source, extraction FROM documents"))


def held_out_questions(chats: Chats) -> list[str]:
    """The heading questions that calibrate nothing."""
    return [question.text for split, question in read_questions(chats) if split == "held_out"]


def off_domain_tests() -> dict[str, list[str]]:
    """General questions by language that calibrate nothing and should be refused."""
    return {language: off_domain_questions(language, "test") for language in LANGUAGES}


def writing_prompts(index: Index, questions: Sequence[str]) -> list[list[dict[str, Any]]]:
    """For each question the conversation that asks a model to answer it from numbered passages."""
    with one_blas_thread(), opened(index.database) as searcher:
        return [writing_prompt(question, read_passages(searcher, question)) for question in questions]


def held_against_passages(index: Index, questions: Sequence[str], said: Sequence[str]) -> list[Written]:
    """What of a model's answers stands on the passages that it was given and cites."""
    with one_blas_thread(), opened(index.database) as searcher:
        pairs = zip(questions, said, strict=True)
        return [hold_against(searcher, asked, read_passages(searcher, asked), text, 0.0) for asked, text in pairs]
