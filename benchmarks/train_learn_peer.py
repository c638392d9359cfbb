"""The peers' sides of train_learn.py, run by their own environment.

    peers/bin/python benchmarks/train_learn_peer.py nanogpt|trainer JOB

`nanogpt`: its recipe for small models in a plain loop (Karpathy's nanoGPT, config/train_shakespeare_char.py): GPT-2 with shared
embeddings, blocks from random places of one stream, AdamW 1e-3 with betas .9 and .99 and decay .1 on matrices, 100 steps
of warm-up, cosine to a tenth, gradients cut at 1, no dropout as its file advises for a processor. `trainer`: Hugging Face's
Trainer on the same stream in blocks (its run_clm.py), a LLaMA of danlu's shape, AdamW 1e-3, cosine. Both in bfloat16
autocast, as many tokens a step as danlu.
"""

import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

from learn_scores import affordable, nats_of_rows

RATE = 1e-3
TRIAL_STEPS = (10, 50)


def nanogpt(job: dict[str, Any], steps: int) -> Any:
    """A model after so many steps."""
    torch.manual_seed(1337)
    stream, length = np.memmap(Path(job["work"]) / "train.bin", np.uint32, "r"), job["sequence_tokens"]
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=job["vocabulary"], n_positions=length, n_embd=job["width"], n_layer=job["layers"], n_head=job["heads"],
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )).train()  # fmt: skip
    weights = list(model.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.dim() > 1], "weight_decay": 0.1},
        {"params": [weight for weight in weights if weight.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, steps)
        at = torch.randint(len(stream) - length - 1, (job["step_rows"],)).tolist()
        rows = torch.from_numpy(np.stack([stream[one : one + length + 1] for one in at]).astype(np.int64))
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(input_ids=rows[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return model


def _rate(step: int, steps: int) -> float:
    warm = min(100, steps // 10)
    if step < warm:
        return RATE * (step + 1) / (warm + 1)
    return RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))))


def trainer(job: dict[str, Any], steps: int) -> Any:
    """A model after so many steps."""
    torch.manual_seed(0)
    length, width = job["sequence_tokens"], job["width"]
    stream = np.fromfile(Path(job["work"]) / "train.bin", np.uint32)
    blocks = stream[: len(stream) // length * length].reshape(-1, length).astype(np.int64)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=job["vocabulary"], max_position_embeddings=length, hidden_size=width,
        intermediate_size=64 * math.ceil(width * 8 / 3 / 64), num_hidden_layers=job["layers"],
        num_attention_heads=job["heads"], num_key_value_heads=job["heads"], tie_word_embeddings=True, use_cache=False,
    ))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, max_steps=steps, per_device_train_batch_size=job["step_rows"], bf16=True, use_cpu=True,
            learning_rate=RATE, lr_scheduler_type="cosine", warmup_steps=min(100, steps // 10), weight_decay=0.1,
            adam_beta2=0.95, max_grad_norm=1.0, save_strategy="no", logging_steps=500, report_to="none", disable_tqdm=True, seed=0,
        )  # fmt: skip
        rows = [{"input_ids": torch.from_numpy(block), "labels": torch.from_numpy(block)} for block in blocks]
        Trainer(model=model, args=arguments, train_dataset=rows).train()
    return model


def main() -> None:
    """A trial, then a training of as many steps as the budget has room for."""
    kind, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    train = {"nanogpt": nanogpt, "trainer": trainer}[kind]
    steps = affordable(lambda steps: train(job, steps), *TRIAL_STEPS, job["cpu_s"])
    start = time.process_time()
    model = train(job, steps)
    cpu_s = time.process_time() - start
    print(json.dumps({
        "cpu_s": cpu_s, "tokens": steps * job["step_rows"] * job["sequence_tokens"],
        "parameters": sum(weight.numel() for weight in model.parameters()), "nats": nats_of_rows(model, job["held"]),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
