"""What both sides of train_learn.py measure alike: needs torch and nothing of danlu's."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np


def nats_of_rows(model: Any, path: str) -> list[float]:
    """-ln p of what is scored in each row, float32, by the model's own forward."""
    import torch

    kept = np.load(path)
    model.eval()
    nats = []
    with torch.no_grad():
        for ids, labels in zip(kept["ids"], kept["labels"], strict=True):
            length = int(np.flatnonzero(labels != -100).max(initial=0)) + 1
            logits_TV = model(input_ids=torch.from_numpy(ids[None, :length]), use_cache=False).logits[0, :-1].float()
            wanted = torch.from_numpy(labels[1:length])
            nats.append(float(torch.nn.functional.cross_entropy(logits_TV, wanted, ignore_index=-100, reduction="sum")))
    return nats


def affordable(train: Callable[[int], Any], few: int, many: int, cpu_s: float) -> int:
    """How many steps, or tokens, `train` does in so many CPU-seconds, by two trials; a third before them pays what only the first does."""
    costs = []
    for size in (few, few, many):
        start = time.process_time()
        train(size)
        costs.append(time.process_time() - start)
    each = (costs[2] - costs[1]) / (many - few)
    return round((cpu_s - costs[1]) / each) + few
