"""Evaluate a knowledge bot: retrieval by leg, citations, refusals, and the language models beside it.

Everything is measured on questions and pairs that were held out. Retrieval comes as an argument, so that this room does
not know how an index works.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from pydantic import Field

from danlu.core.answers import Citation, Grounded
from danlu.core.artifacts import Chats, Checkpoint, Corpus, Index, Report
from danlu.core.retrieval import Retrieval
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.evaluate.likelihood import NothingFits, negative_log_likelihood
from danlu.evaluate.routes import compare_routes
from danlu.evaluate.written import measure_written
from danlu.text.sections import RULES
from danlu.text.segment import LIBRARIES
from danlu.text.tables import stream_rows


class EvaluateConfig(Config):
    """How much of the language models is measured, where one was trained; retrieval is always measured whole."""

    likelihood_tokens: int = Field(1000, ge=1)
    """Tokens of held-out pairs, evenly spaced, that go through each model: 3.5 s of one core for SmolLM2-135M."""
    route_questions: int = Field(4, ge=0)
    """Held-out questions that the models answer in their own words; 0 leaves the comparison out. No check depends on it."""
    route_tokens: int = Field(32, ge=1)
    """Longest such answer, in tokens: a sentence or two."""
    written_questions: int = Field(0, ge=0)
    """Held-out questions by which the model may earn to answer in its own words: 60 let a good one pass, and no fewer than 35
    sentences can. 0 leaves it out, since the small models that run everywhere do not pass, and 60 answers take them minutes."""
    written_tokens: int = Field(96, ge=1)
    """Longest such answer, in tokens: two to three sentences with their citations."""


def evaluate_bot(retrieval: Retrieval) -> Stage[Report]:
    """The stage that measures an index and the models beside it."""
    return Stage(
        "evaluate", version=4, makes=Report, body=partial(_evaluate, retrieval), config=EvaluateConfig, numeric=True,
        libraries=("numpy", "tokenizers", "torch", "transformers", *LIBRARIES), rules=RULES,
    )  # fmt: skip


def _evaluate(
    retrieval: Retrieval,
    work: Work,
    config: EvaluateConfig,
    *,
    index: Index,
    chats: Chats,
    extraction: Corpus,
    base: Checkpoint,
    tuned: Checkpoint,
) -> Facts:
    texts = {row["source"]: row["text"] for row in stream_rows(extraction.documents, ["source", "text"])}
    asked = retrieval.held_out_questions(chats)
    models = models_compared(base, None if tuned.skipped else tuned)
    report = _retrieval_figures(retrieval, index, chats, asked, texts) | {
        "likelihood": _likelihoods(work, config, models, chats) | ({"tuned": tuned.skipped} if tuned.skipped else {}),
        "routes": compare_routes(retrieval, index, models, chats, config.route_questions, config.route_tokens, work),
        "written": _written(retrieval, index, models or {"base": base}, asked, config, work),
    }
    text = json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False)
    (work.folder / "report.json").write_text(text + "\n", encoding="utf-8")
    return Facts({"held-out questions": len(asked)})


def models_compared(base: Checkpoint, tuned: Checkpoint | None) -> dict[str, Checkpoint]:
    """The models that are measured beside each other: what the base says alone was half of a small project's first run."""
    return {"base": base, "tuned": tuned} if tuned is not None else {}


def _written(
    retrieval: Retrieval,
    index: Index,
    models: dict[str, Checkpoint],
    asked: Sequence[str],
    config: EvaluateConfig,
    work: Work,
) -> dict[str, Any]:
    """The gate of the one model that would write answers: the tuned one, or the base where none was tuned."""
    name = "tuned" if "tuned" in models else "base"
    most, tokens = config.written_questions, config.written_tokens
    found = measure_written(retrieval, index, models[name], asked, most, tokens, work) if most else {}
    return {name: found} if found else {}


def _retrieval_figures(
    retrieval: Retrieval, index: Index, chats: Chats, asked: Sequence[str], texts: dict[str, str]
) -> dict[str, Any]:
    return {
        "retrieval_blind": retrieval.leg_tables(index, chats, blind=True),
        "retrieval_served": retrieval.leg_tables(index, chats, blind=False),
        "answers": _answer_figures(retrieval.answers(index, asked), texts),
        "refusal": {
            language: _refusal_figures(retrieval.answers(index, questions))
            for language, questions in retrieval.off_domain_tests().items()
        },
    }


def _likelihoods(work: Work, config: EvaluateConfig, models: dict[str, Checkpoint], chats: Chats) -> dict[str, Any]:
    """Nats per reply token of each model on held-out pairs; why not, where there are none."""
    if not chats.held_out.read_text(encoding="utf-8").strip():
        return dict.fromkeys(models, "not measured: no held-out pairs")
    measured: dict[str, Any] = {}
    for name, model in models.items():
        try:
            found = negative_log_likelihood(
                model.path, chats.held_out, config.likelihood_tokens, work.threads, work.progress
            )
        except NothingFits:
            measured[name] = "not measured: no held-out pair fits into the limit of tokens"
        else:
            measured[name] = asdict(found) | {"nats_per_token": round(found.nats_per_token, 5)}
    return measured


def _answer_figures(answers: Sequence[Grounded], texts: dict[str, str]) -> dict[str, Any]:
    """How many held-out questions were answered, and how many of the quotes are verbatim where they say."""
    citations = [citation for answer in answers for citation in answer.citations]
    valid = sum(is_verbatim(citation, texts) for citation in citations)
    return {
        "questions": len(answers),
        "answered": sum(not answer.refused for answer in answers),
        "citations": len(citations),
        "citation_validity": round(valid / max(len(citations), 1), 4),
    }


def is_verbatim(citation: Citation, texts: dict[str, str]) -> bool:
    """Whether a citation's quote is what the extraction holds at its offsets."""
    text = texts.get(citation.source, "")
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def _refusal_figures(answers: Sequence[Grounded]) -> dict[str, Any]:
    refused = sum(answer.refused for answer in answers)
    return {"questions": len(answers), "refused": refused, "share": round(refused / max(len(answers), 1), 4)}
