"""Evaluate a model: how well it predicts the replies of conversations, in nats per token."""

import json
from dataclasses import asdict

from pydantic import Field

from danlu.core.artifacts import Chats, Checkpoint, Report
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.evaluate.likelihood import negative_log_likelihood


class EvaluateModelConfig(Config):
    """How much is measured."""

    likelihood_tokens: int = Field(20_000, ge=1)
    """Tokens of conversations that go through the model."""


def _evaluate(work: Work, config: EvaluateModelConfig, *, model: Checkpoint, chats: Chats) -> Facts:
    found = negative_log_likelihood(model.path, chats.held_out, config.likelihood_tokens, work.threads, work.progress)
    report = {"likelihood": {"model": asdict(found) | {"nats_per_token": round(found.nats_per_token, 5)}}}
    (work.folder / "report.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Facts({"conversations": found.conversations})


evaluate_model = Stage(
    "evaluate",
    version=2,
    makes=Report,
    body=_evaluate,
    config=EvaluateModelConfig,
    numeric=True,
    libraries=("tokenizers", "torch", "transformers"),
)
