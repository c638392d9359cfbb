"""Untaught checkpoints of each family, and a feed that gives one batch at every step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from danlu.loop.feed import WHOLE, Batch, Part
from prove.zoo import FAMILY, MARIAN, write_tokenizer
from prove.zoo_models import make_marian

FAMILIES = (
    "gpt-2", "llama-3.2", "tinyllama", "qwen2.5", "qwen3", "smollm2", "mistral", "glm", "glm-4", "falcon", "bloom", "phi-3", "gemma",
    "gemma-2", "gemma-3", "bert", "t5", MARIAN,
)  # fmt: skip
_OLDER = {
    "glm": replace(FAMILY["glm-4"], model="GlmForCausalLM"),
    "gemma": replace(FAMILY["gemma-2"], model="GemmaForCausalLM"),
}
"""First generations, whose classes differ from those of the second."""


def make_untaught(family: str, folder: Path) -> Path:
    """A randomly initialised checkpoint as save_pretrained writes it, the same every time."""
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    if family == MARIAN:
        return make_marian(folder)
    facts = _OLDER.get(family) or FAMILY[family]
    tokenizer = write_tokenizer(facts, folder)
    kind: Any = getattr(transformers, facts.model)
    ids = tokenizer.convert_tokens_to_ids
    config = kind.config_class(vocab_size=len(tokenizer) + facts.spare_rows, **facts.config(ids))
    # Leave the generator of the test as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = kind(config)
    if facts.generation:
        model.generation_config = transformers.GenerationConfig(**facts.generation(ids))
    model.to(getattr(torch, facts.dtype)).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class OneBatch:
    """A feed of `steps` steps that are all the same."""

    batch: Batch
    steps: int

    def batches(self, step: int, part: Part = WHOLE) -> Sequence[Batch]:
        return part.of([self.batch])

    def targets(self, step: int) -> int:
        return self.batch.targets

    def tokens(self, step: int) -> int:
        return self.batch.padded_tokens
