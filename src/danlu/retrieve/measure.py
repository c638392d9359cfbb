"""Retrieval measured on questions that neither trained nor calibrated it (the Retrieval protocol of core)."""

from collections.abc import Sequence
from typing import Any

from danlu.core.answers import Grounded
from danlu.core.artifacts import Chats, Index
from danlu.core.threads import one_blas_thread
from danlu.retrieve.fuse import PRIOR, Measured
from danlu.retrieve.gate import LANGUAGES, off_domain_questions
from danlu.retrieve.ground import answer, weights_of
from danlu.retrieve.index import opened, read_questions


def leg_tables(index: Index, chats: Chats, *, blind: bool) -> dict[str, Any]:
    """Recall and MRR at ten by language and leg, on held-out heading questions; and fused against the best single leg."""
    held_out = [question for split, question in read_questions(chats) if split == "held_out"]
    tables: dict[str, Any] = {}
    with one_blas_thread(), opened(index.blind if blind else index.database) as searcher:
        for language in PRIOR:
            measured = Measured(searcher, [question for question in held_out if question.language == language])
            if measured.questions:
                tables[language] = measured.table(weights_of(searcher, language))
    return tables


def answers(index: Index, questions: Sequence[str]) -> list[Grounded]:
    """What the served index answers to each question."""
    with one_blas_thread(), opened(index.database) as searcher:
        return [answer(searcher, question) for question in questions]


def held_out_questions(chats: Chats) -> list[str]:
    """The heading questions that calibrate nothing."""
    return [question.text for split, question in read_questions(chats) if split == "held_out"]


def off_domain_tests() -> dict[str, list[str]]:
    """General questions by language that calibrate nothing and should be refused."""
    return {language: off_domain_questions(language, "test") for language in LANGUAGES}
