"""TRL's trainers, given token ids and the order of the rows, and nothing that they could render or shuffle.

DPO's and KTO's trainers render whatever data set they are born with. They are born with one row of no meaning; the ids
then take its place as `train_dataset`, in the columns that their own collators document (`prompt_ids`, `chosen_ids`,
...), which is where the trainer reads it from. The reward trainer takes ids as it is, and GRPO's asks `PromptIds`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import trl as typed_trl
from datasets import Dataset
from peft import LoraConfig

from danlu.model.chat import ChatFormat
from danlu.model.loading import load_model
from danlu.train.align.config import CHECKPOINTS_KEPT, AlignConfig
from danlu.train.align.order import Order
from danlu.train.align.reward_model import load_reward_model
from danlu.train.align.rewards import Score
from danlu.train.align.tokenizer import prompt_ids_tokenizer
from danlu.train.align.tokens import Encoded

trl: Any = typed_trl
"""It loads its trainers on first use, which a type checker does not see."""
_SEEDS = 2**32
"""numpy takes no larger one."""


@dataclass(frozen=True)
class Training:
    """All that one training is made of."""

    base_dir: Path
    chat: ChatFormat
    config: AlignConfig
    rows: Sequence[Encoded]
    order: Order
    seed: int
    threads: int
    folder: Path
    """For the trainer's checkpoints."""
    checkpoint_every_steps: int

    def ordered(self) -> list[Encoded]:
        """The rows as they are learnt from, front to back."""
        return [self.rows[index] for index in self.order.indices]


def load_policy(training: Training) -> Any:
    """The model that is trained: a causal language model, or one with a reward head."""
    if training.config.method == "reward":
        torch.set_num_threads(training.threads)
        return load_reward_model(training.base_dir)
    return load_model(training.base_dir, threads=training.threads)


def make_trainer(training: Training, model: Any, score: Score | None) -> Any:
    """The trainer of the method; `score` is GRPO's."""
    makers: dict[str, Callable[[Training, Any], Any]] = {"dpo": _dpo, "kto": _kto, "reward": _reward}
    if training.config.method == "grpo":
        assert score is not None
        return _grpo(training, model, score)
    return makers[training.config.method](training, model)


def _dpo(training: Training, model: Any) -> Any:
    arguments = trl.DPOConfig(
        **_arguments(training), beta=training.config.strength, max_length=None, train_sampling_strategy="sequential"
    )
    born_with = Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}])
    trainer = trl.DPOTrainer(
        model, _reference(training), arguments, train_dataset=born_with, **_processing(training), **_lora(training)
    )
    trainer.train_dataset = Dataset.from_list(
        [
            {
                "prompt_ids": row.prompt_ids,
                "chosen_ids": row.reply_ids["chosen"],
                "rejected_ids": row.reply_ids["rejected"],
            }
            for row in training.ordered()
        ]
    )
    return trainer


def _kto(training: Training, model: Any) -> Any:
    rows = training.ordered()
    good = sum(row.row.label is True for row in rows)
    weights = kto_weights(good, len(rows) - good)
    # Only the mismatched pairs of the KL estimate can be longer than the rows; as in TRL they are cut.
    arguments = trl.KTOConfig(
        **_arguments(training),
        beta=training.config.strength,
        max_length=training.config.sequence_tokens,
        desirable_weight=weights[0],
        undesirable_weight=weights[1],
        train_sampling_strategy="sequential",
    )
    born_with = Dataset.from_list([{"prompt": "a", "completion": "b", "label": True}] * 2)
    trainer = trl.KTOTrainer(
        model, _reference(training), arguments, train_dataset=born_with, **_processing(training), **_lora(training)
    )
    replies = [row.reply_ids["completion"] for row in rows]
    micro = training.config.micro_batch_rows
    turned = [at // micro * micro + (at - 1) % micro for at in range(len(rows))]
    trainer.train_dataset = Dataset.from_list(
        [
            {
                "prompt_ids": row.prompt_ids,
                "completion_ids": replies[at],
                "KL_completion_ids": replies[turned[at]],
                "label": row.row.label,
            }
            for at, row in enumerate(rows)
        ]
    )
    return trainer


def kto_weights(good: int, bad: int) -> tuple[float, float]:
    """Weights of good and bad replies that make both sides weigh the same: the lower end of what KTO's paper asks (equation 8)."""
    good, bad = max(1, good), max(1, bad)
    return (bad / good, 1.0) if good < bad else (1.0, good / bad)


def _reward(training: Training, model: Any) -> Any:
    arguments = trl.RewardConfig(**_arguments(training), max_length=None, train_sampling_strategy="sequential")
    rows = [{"chosen_ids": row.whole("chosen"), "rejected_ids": row.whole("rejected")} for row in training.ordered()]
    return trl.RewardTrainer(
        model, arguments, train_dataset=Dataset.from_list(rows), **_processing(training), **_lora(training)
    )


def _grpo(training: Training, model: Any, score: Score) -> Any:
    config, rows = training.config, training.rows
    arguments = trl.GRPOConfig(
        **_arguments(training),
        beta=config.strength,
        num_generations=config.replies_per_prompt,
        max_completion_length=config.reply_tokens,
        temperature=config.temperature,
        shuffle_dataset=False,
    )

    def reward(prompts: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
        asked = [rows[int(number)].row for number in prompts]
        replies = [training.chat.decode(ids) for ids in completion_ids]
        return [score(row.messages, reply, row.fields) for row, reply in zip(asked, replies, strict=True)]

    tokenizer = prompt_ids_tokenizer(training.base_dir, training.chat, [row.prompt_ids for row in rows])
    numbers = Dataset.from_list([{"prompt": str(index)} for index in training.order.indices])
    return trl.GRPOTrainer(
        model, reward, arguments, train_dataset=numbers, processing_class=tokenizer, **_lora(training)
    )


def _arguments(training: Training) -> dict[str, Any]:
    """What all four configs share: one epoch over the written-out order, a log and a look at the loss after each step."""
    config, steps = training.config, training.order.steps
    return {
        "output_dir": str(training.folder),
        "per_device_train_batch_size": config.micro_batch_rows,
        "gradient_accumulation_steps": config.sequences_per_step // config.micro_batch_rows,
        "max_steps": steps,
        "learning_rate": config.rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": round(config.warmup_fraction * steps),
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_gradient_norm,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": training.checkpoint_every_steps,
        "save_total_limit": CHECKPOINTS_KEPT,
        "report_to": "none",
        "disable_tqdm": True,
        "bf16": config.precision == "bfloat16",
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "seed": training.seed % _SEEDS,
        "data_seed": training.seed % _SEEDS,
    }


def _reference(training: Training) -> Any:
    """The base model beside the one in training; with LoRA it is the model without its adapter, and none is loaded."""
    return load_model(training.base_dir, threads=training.threads) if training.config.tuning == "full" else None


def _processing(training: Training) -> dict[str, Any]:
    return {"processing_class": prompt_ids_tokenizer(training.base_dir, training.chat)}


def _lora(training: Training) -> dict[str, Any]:
    """LoRA on every linear layer but the head; a reward model's new head is trained whole, as PEFT does by itself."""
    config = training.config
    if config.tuning == "full":
        return {}
    task = "SEQ_CLS" if config.method == "reward" else "CAUSAL_LM"
    return {
        "peft_config": LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules="all-linear", task_type=task)
    }
