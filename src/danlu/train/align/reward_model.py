"""Reward models: a causal language model whose head gives one number, as `AutoModelForSequenceClassification` loads it.

The number is read at the last token of the conversation that is no padding: the stop token of the reply.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification

from danlu.model.chat import ChatFormat, Message
from danlu.train.align.quiet import quiet_libraries
from danlu.train.align.rewards import check_reward_model, is_reward_model


def load_reward_model(folder: Path) -> Any:
    """Load a reward model, or a causal language model with a new head, in float32 and evaluation mode.

    A new head starts at zero: every reply is worth the same until something is learnt, whatever the seed.
    """
    is_new = not is_reward_model(folder)
    with quiet_libraries():
        model: Any = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=1, dtype=torch.float32, local_files_only=True
        )
    if is_new:
        torch.nn.init.zeros_(model.get_submodule("score").weight)
    return model.eval()


@dataclass(frozen=True)
class RewardModel:
    """Scores replies by a reward model, in that model's own template and tokens."""

    model: Any
    chat: ChatFormat

    @classmethod
    def load(cls, folder: Path) -> "RewardModel":
        """Raises UserError when the folder holds no reward model."""
        check_reward_model(folder)
        return cls(load_reward_model(folder), ChatFormat.load(folder))

    def __call__(self, messages: Sequence[Message], reply: str, row: Mapping[str, Any]) -> float:
        """The score of one reply."""
        tokens = self.chat.training_ids([*messages, {"role": "assistant", "content": reply}])
        end = max(at for at, learnt in enumerate(tokens.loss_mask, 1) if learnt)
        return score(self.model, tokens.ids[:end])


def score(model: Any, ids: Sequence[int]) -> float:
    """The score of one sequence."""
    with torch.no_grad():
        given = torch.tensor([list(ids)], device=model.device)
        return float(model(input_ids=given, attention_mask=torch.ones_like(given)).logits[0, 0])
