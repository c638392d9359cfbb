"""What shapes an aligned checkpoint: one config for the four methods, with each method's own defaults beside it.

Sources: DPO, Rafailov et al. 2023 (arXiv 2305.18290); KTO, Ethayarajh et al. 2024 (arXiv 2402.01306); GRPO, Shao et
al. 2024 (arXiv 2402.03300); reward models, Ouyang et al. 2022 (arXiv 2203.02155). Where no paper is named a default
is TRL's own (1.16, `DPOConfig`, `KTOConfig`, `GRPOConfig`, `RewardConfig`).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from danlu.core.errors import UserError
from danlu.core.stages import Config
from danlu.train.align.rows import Kind

Method = Literal["dpo", "kto", "grpo", "reward"]
CHECKPOINTS_KEPT = 2
"""The newest: one, and the one before it in case the newest was cut short."""


@dataclass(frozen=True)
class MethodFacts:
    """What one method reads, its own defaults, and the settings that it alone has."""

    kind: Kind
    learning_rate: float
    """Of full training; LoRA takes `lora_factor` times as much."""
    lora_factor: float
    beta: float
    settings: frozenset[str] = frozenset()


METHODS: dict[Method, MethodFacts] = {
    # 1e-6: DPO paper, appendix B. beta 0.1: the same place.
    "dpo": MethodFacts("pairs", 1e-6, 10, 0.1, frozenset({"beta"})),
    # 1e-6 lies in the 5e-7 to 5e-6 that the KTO paper searches; beta 0.1: its default.
    "kto": MethodFacts("labelled", 1e-6, 10, 0.1, frozenset({"beta"})),
    # 1e-6: GRPO paper, section 4.2. beta 0: TRL's default, after DAPO (Yu et al. 2025, arXiv 2503.14476) and others, who
    # found that the pull towards the base model only slows this training down; the GRPO paper itself has 0.04.
    "grpo": MethodFacts(
        "prompts", 1e-6, 10, 0.0, frozenset({"beta", "replies_per_prompt", "reply_tokens", "temperature"})
    ),
    # 1e-4: TRL's default. A new head is learnt from nothing, so the rate is high already and LoRA does not raise it.
    "reward": MethodFacts("pairs", 1e-4, 1, 0.0),
}
_OF_SOME = frozenset[str]().union(*(facts.settings for facts in METHODS.values()))


class AlignConfig(Config):
    """What shapes an aligned checkpoint. Limits are in tokens and steps, never in seconds, so that equal inputs train equally."""

    method: Method = "dpo"
    tuning: Literal["lora", "full"] = "lora"
    """LoRA on every linear layer, merged in the end; `full` trains all weights and needs about six times the memory."""
    sequence_tokens: Annotated[int, Field(ge=16, le=1_048_576)] = 1_024
    """Prompt and reply together (GRPO: the prompt alone); longer rows are left out and counted. TRL cuts them at the same length."""
    rows_per_step: Annotated[int, Field(ge=1, le=65_536)] = 8
    """Rows (GRPO: prompts) per optimizer step. TRL's batch; the DPO paper has 64, more than a small set of data can fill often."""
    micro_batch_rows: Annotated[int, Field(ge=1, le=65_536)] = 4
    """Rows (GRPO: replies) that go through the model at once; the memory of activations follows it. KTO needs two or more."""
    max_epochs: Annotated[int, Field(ge=1, le=100)] = 1
    """Passes over the rows; preferences are learnt by heart soon, so the papers take one."""
    max_steps: Annotated[int, Field(ge=1)] | None = None
    """Optimizer steps at most; none: as `max_epochs` says."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak of the schedule. None: the method's own (DPO, KTO, GRPO 1e-6, reward 1e-4), ten times that with LoRA ("LoRA
    Without Regret", Schulman et al. 2025), but for reward models."""
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps over which the rate rises; linear decay follows. As Zephyr has it (Tunstall et al. 2023, arXiv 2310.16944)."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Per unit of rate; the training is short and stays near the base model."""
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longer gradients are scaled down to this."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the arithmetic; weights are float32 in any case. In a DPO of SmolLM2-135M with bfloat16 the training margin of the
    last step read 0.004 where float32 then measured 0.126 on held-out rows: likely since it keeps 8 bits of an activation, and
    a LoRA of few small steps adds less (not proven)."""
    rank: Annotated[int, Field(ge=1, le=1_024)] = 16
    """Of the update of each weight matrix."""
    alpha: Annotated[int, Field(ge=1)] = 32
    """The update is scaled by alpha / rank."""
    beta: Annotated[float, Field(ge=0)] | None = None
    """How hard the model is held to the base model (DPO, KTO, GRPO). None: 0.1 for DPO and KTO, 0 for GRPO."""
    replies_per_prompt: Annotated[int, Field(ge=2, le=1_024)] = 8
    """GRPO: replies that are compared with one another. TRL's default; the paper has 64."""
    reply_tokens: Annotated[int, Field(ge=1, le=1_048_576)] = 256
    """GRPO: longest reply that is sampled, in tokens. TRL's default."""
    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """GRPO: at which replies are sampled; 1 samples the model as it is."""
    merge_relative_tolerance: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """Largest accepted difference of the outputs after merging, relative to the largest; float32 leaves 3e-6."""

    @property
    def facts(self) -> MethodFacts:
        """What the method reads, and its defaults."""
        return METHODS[self.method]

    @property
    def rate(self) -> float:
        """The peak rate that is trained with."""
        own = self.facts.learning_rate * (self.facts.lora_factor if self.tuning == "lora" else 1)
        return own if self.learning_rate is None else self.learning_rate

    @property
    def strength(self) -> float:
        """`beta` as it is trained with."""
        return self.facts.beta if self.beta is None else self.beta

    @property
    def sequences_per_step(self) -> int:
        """How many sequences the model learns from in one step."""
        return self.rows_per_step * (self.replies_per_prompt if self.method == "grpo" else 1)

    def check(self) -> None:
        """Raises UserError for settings that the method does not have, or that do not fit one another."""
        foreign = sorted(self.model_fields_set & (_OF_SOME - self.facts.settings))
        if foreign:
            raise UserError(
                "align.{field} is not a setting of the method {method}",
                "Leave it out, or choose another --method.",
                field=foreign[0],
                method=self.method,
            )
        of_lora = sorted(self.model_fields_set & {"rank", "alpha"})
        if of_lora and self.tuning == "full":
            raise UserError(
                "align.{field} is for LoRA, and align.tuning is full",
                "Leave it out, or set align.tuning=lora.",
                field=of_lora[0],
            )
        if self.sequences_per_step % self.micro_batch_rows:
            raise UserError(
                "align.micro_batch_rows is {micro}, and a step has {rows} sequences: expected a divisor of that",
                "Set align.micro_batch_rows to a number that divides it.",
                micro=self.micro_batch_rows,
                rows=self.sequences_per_step,
            )
        if self.method == "kto" and self.micro_batch_rows < 2:
            raise UserError(
                "align.micro_batch_rows is 1, and KTO compares rows within a micro-batch: expected 2 or more",
                "Set align.micro_batch_rows=2.",
            )
