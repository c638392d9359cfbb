"""The stage around private fine-tuning."""

from danlu.core.artifacts import Chats, Checkpoint
from danlu.core.stages import Facts, Stage, Work
from danlu.train.finetune_stage import too_few
from danlu.train.private_finetune import PrivateFinetuneConfig, finetune_privately


def _finetune_private(work: Work, config: PrivateFinetuneConfig, *, base: Checkpoint, chats: Chats) -> Facts:
    licences = tuple(sorted({*base.manifest.licences, *chats.manifest.licences}))
    if skipped := too_few(work, chats, config.finetune.min_conversations, licences):
        return skipped
    facts = finetune_privately(base.path, chats.train, config, work)
    counts = {
        "conversations": facts.conversations, "drawn from": facts.drawn_from, "too long": facts.too_long,
        "trained parameters": facts.trained_parameters, "steps": facts.privacy["steps"],
    }  # fmt: skip
    epsilon, delta = f"{facts.privacy['epsilon']:.3g}", f"{facts.privacy['delta']:.2g}"
    return Facts(
        counts, licences, note=f"private: epsilon {epsilon} at delta {delta} for each conversation; no loss is told"
    )


finetune_private = Stage(
    "finetune_private",
    version=1,
    makes=Checkpoint,
    body=_finetune_private,
    config=PrivateFinetuneConfig,
    numeric=True,
    resumable=True,
    libraries=("opacus", "peft", "safetensors", "tokenizers", "torch", "transformers"),
)
