"""What is known of a stage that trains before its body begins, by the stage's name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from danlu.core.stages import Step, Work

if TYPE_CHECKING:
    from danlu.train.outlook import Outlook


def outlook_of(step: Step[Any], inputs: Mapping[str, Any], work: Work) -> "Outlook | None":
    """The outlook on what `step` will train; None for a stage without one, and where the stage will skip."""
    match step.stage.name:
        case "pretrain":
            from danlu.train import pretrain_stage

            return pretrain_stage.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "finetune":
            from danlu.train import finetune_stage

            return finetune_stage.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "classify" | "tag" | "span":
            from danlu.train.heads import stages as heads

            return heads.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "embed":
            from danlu.train.embedding import stage as embed

            return embed.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "rerank":
            from danlu.train.embedding import rerank

            return rerank.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "seq2seq":
            from danlu.train.seq2seq import stage as seq2seq

            return seq2seq.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "anomaly":
            from danlu.train.anomaly import stage as anomaly

            return anomaly.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case "align":
            from danlu.train.align import stage as align

            return align.outlook(work, step.config, **inputs)  # type: ignore[arg-type]
        case _:
            return None
