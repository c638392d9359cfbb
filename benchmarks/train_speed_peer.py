"""The peers' side of train_speed.py, run by their own environment: Hugging Face's Trainer, and TRL's SFTTrainer.

    peers/bin/python benchmarks/train_speed_peer.py JOB

Both by their best settings for a processor: bfloat16 autocast, no gradient checkpointing (TRL has it on by default), no
attention mask where none is needed, the optimizer of their default (fused AdamW), logging that costs nothing. TRL takes packed rows
(best fit, `bfd_split`) as long as the longest conversation allowed, or with TRL_WAY=unpacked its padded batches by length.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

from speed_clock import Clock, nats_per_target


class Hearing(TrainerCallback):
    """Tells the clock of each step, and keeps the losses."""

    def __init__(self, clock: Clock, seen: dict[str, int]) -> None:
        self.clock, self.seen, self.losses = clock, seen, []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """After the optimizer."""
        self.clock.step(self.seen["tokens"])
        self.seen["tokens"] = 0

    def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
        """Each step's loss."""
        if "loss" in logs:
            self.losses.append(logs["loss"])


def settings(job: dict[str, Any], folder: str) -> dict[str, Any]:
    """What both trainers are told."""
    return {
        "output_dir": folder, "max_steps": job["steps"], "bf16": True, "use_cpu": True, "learning_rate": job["rate"],
        "weight_decay": job["weight_decay"], "adam_beta1": job["betas"][0], "adam_beta2": job["betas"][1],
        "max_grad_norm": 1.0, "save_strategy": "no", "logging_steps": 1, "report_to": "none", "disable_tqdm": True,
        "seed": 0, "activation_checkpointing": False,
    }  # fmt: skip


def pretrain(job: dict[str, Any], folder: str) -> tuple[Any, Clock, Hearing]:
    """The Trainer on rows in their order."""
    kept = np.load(job["rows"])
    rows = [{"input_ids": ids, "labels": labels} for ids, labels in zip(kept["ids"], kept["labels"], strict=True)]
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
    model.config.use_cache = False
    seen, clock = {"tokens": 0}, Clock()
    hearing = Hearing(clock, seen)

    def collated(some: list[dict[str, Any]]) -> dict[str, Any]:
        return {name: torch.from_numpy(np.stack([row[name] for row in some])) for name in ("input_ids", "labels")}

    batch_rows = job["step_tokens"] // job["sequence_tokens"]
    arguments = TrainingArguments(
        per_device_train_batch_size=batch_rows, train_sampling_strategy="sequential", **settings(job, folder)
    )
    # Rows are full but for a part in a thousand: both sides count their places alike.
    seen_of = lambda inputs: int(inputs["input_ids"].numel())  # noqa: E731
    trainer = counting(Trainer, job, seen, seen_of)(
        model=model, args=arguments, train_dataset=rows, data_collator=collated, callbacks=[hearing]
    )
    trainer.train()
    return model, clock, hearing


def lora(job: dict[str, Any], folder: str) -> tuple[Any, Clock, Hearing]:
    """TRL on conversations that are token ids already."""
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    way = os.environ.get("TRL_WAY", "bfd_split")
    rows = json.loads(Path(job["rows"]).read_text(encoding="utf-8"))["rows"]
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32)
    model.config.use_cache = False
    seen, clock = {"tokens": 0}, Clock()
    hearing = Hearing(clock, seen)
    mean = sum(len(row["input_ids"]) for row in rows) / len(rows)
    how: dict[str, Any] = (
        {"packing": False, "per_device_train_batch_size": round(job["step_tokens"] / mean),
         "train_sampling_strategy": "group_by_length"}
        if way == "unpacked"
        else {"packing": True, "packing_strategy": way,
              "per_device_train_batch_size": max(1, job["step_tokens"] // job["sequence_tokens"])}
    )  # fmt: skip
    arguments = SFTConfig(max_length=job["sequence_tokens"], dataset_num_proc=None, **how, **settings(job, folder))
    adapter = LoraConfig(
        r=job["rank"], lora_alpha=job["alpha"], lora_dropout=job["dropout"], target_modules="all-linear",
        task_type="CAUSAL_LM",
    )  # fmt: skip

    def seen_of(inputs: dict[str, Any]) -> int:
        mask = inputs.get("attention_mask")
        return int(inputs["input_ids"].numel() if mask is None else mask.sum())

    trainer = counting(SFTTrainer, job, seen, seen_of)(
        model=model, args=arguments, train_dataset=Dataset.from_list(rows), peft_config=adapter, callbacks=[hearing]
    )
    trainer.train()
    return trainer.model, clock, hearing


def counting(kind: type, job: dict[str, Any], seen: dict[str, int], seen_of: Any) -> type:
    """The trainer, counting the tokens of its batches, padding left out, with danlu's rate of each step."""

    class Counting(kind):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *more: Any, **named: Any) -> Any:
            seen["tokens"] += seen_of(inputs)
            return super().training_step(model, inputs, *more, **named)

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            shares = [*job["shares"], 0.0]
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, shares.__getitem__)
            return self.lr_scheduler

    return Counting


def main() -> None:
    """Train, and print the facts as JSON on the last line."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    with tempfile.TemporaryDirectory() as folder:
        model, clock, hearing = {"pretrain": pretrain, "lora": lora}[job["kind"]](job, folder)
    facts = clock.facts() | {"losses": hearing.losses, "held_out": nats_per_target(model, job)}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
