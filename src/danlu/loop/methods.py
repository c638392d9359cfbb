"""The ways to fine-tune, what each trains, and the learning rate that it starts from. No torch here: configurations read it."""

from dataclasses import dataclass
from typing import Literal

MethodName = Literal["full", "lora", "qlora", "ia3", "houlsby", "prefix", "prompt", "p_tuning"]


@dataclass(frozen=True)
class Method:
    """What is the same for every training by one method."""

    learning_rate: float
    """Recommended peak, for AdamW."""
    source: str
    """Of the rate."""
    is_merged: bool
    """Whether what was trained ends in the weights of an ordinary checkpoint."""


METHODS: dict[MethodName, Method] = {
    "full": Method(2e-5, "Taori et al. 2023, Alpaca", is_merged=True),
    "lora": Method(2e-4, "Schulman et al. 2025, LoRA Without Regret: ten times that of full", is_merged=True),
    "qlora": Method(2e-4, "Dettmers et al. 2023, arXiv 2305.14314, for 7 and 13 B", is_merged=True),
    "ia3": Method(3e-3, "Liu et al. 2022, arXiv 2205.05638, T-Few", is_merged=True),
    "houlsby": Method(1e-3, "Houlsby et al. 2019, arXiv 1902.00751, swept 3e-5 to 3e-3", is_merged=False),
    "prefix": Method(1e-2, "our sweep below; PEFT's guide takes 3e-2", is_merged=False),
    "prompt": Method(3e-2, "PEFT's guide to prompt-based methods; our sweep below", is_merged=False),
    "p_tuning": Method(1e-2, "our sweep below; PEFT's guide takes 3e-2", is_merged=False),
}  # fmt: skip
"""Our sweep: SmolLM2-135M, 5 steps of 3 conversations, nats per token of 3 others, 5.953 untrained. prefix 1e-3 5.865, 1e-2 5.418;
prompt 3e-2 5.438; p_tuning 1e-4 5.812, 1e-2 5.735. It tells which rate learns in a short training, and no more. A changed rate raises the version
of the stage `finetune`: its config says none."""


@dataclass(frozen=True)
class Tuning:
    """What is trained: a method and what shapes its adapter. Fields that the method does not have are not read."""

    method: MethodName
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    bottleneck: int = 64
    virtual_tokens: int = 20

    def settings(self) -> dict[str, int]:
        """What shapes the weights of the adapter: two of other settings do not fit one another."""
        match self.method:
            case "lora" | "qlora":
                return {"rank": self.rank, "alpha": self.alpha}
            case "houlsby":
                return {"bottleneck": self.bottleneck}
            case "prefix" | "prompt" | "p_tuning":
                return {"virtual_tokens": self.virtual_tokens}
            case _:
                return {}
