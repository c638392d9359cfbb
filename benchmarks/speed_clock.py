"""What both sides of train_speed.py measure alike: needs torch and nothing of danlu's."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np


class Clock:
    """CPU-seconds of this process and all its threads, from the end of the first step to that of the last."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, float, int]] = []

    def step(self, tokens: int) -> None:
        """A step of so many tokens has ended."""
        self._marks.append((time.process_time(), time.perf_counter(), tokens))

    def facts(self) -> dict[str, Any]:
        """Tokens, CPU-seconds and seconds."""
        first, last = self._marks[0], self._marks[-1]
        tokens = sum(mark[2] for mark in self._marks[1:])
        return {"tokens": tokens, "cpu_s": last[0] - first[0], "wall_s": last[1] - first[1]}


def nats_per_target(model: Any, job: dict[str, Any]) -> float:
    """Loss of what was held out, in float32, by the model's own forward."""
    import torch

    if job["kind"] == "pretrain":
        kept = np.load(job["rows"])
        rows = list(zip(kept["held_ids"], kept["held_labels"], strict=True))
    else:
        given = json.loads(Path(job["rows"]).read_text(encoding="utf-8"))["held"]
        rows = [(np.array(row["input_ids"]), np.array(row["labels"])) for row in given]
    model.eval()
    nats = targets = 0.0
    with torch.no_grad():
        for ids, labels in rows:
            learnt = int((labels[1:] != -100).sum())
            loss = model(input_ids=torch.tensor(ids)[None], labels=torch.tensor(labels)[None], use_cache=False).loss
            nats, targets = nats + float(loss) * learnt, targets + learnt
    return nats / targets
