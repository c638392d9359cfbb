"""A tiny model, and preferences that it can learn in seconds."""

import hashlib
import json
from pathlib import Path

from danlu.core.progress import Progress, Silent
from danlu.core.stages import Work
from danlu.model.chat import ChatFormat
from danlu.train.align.config import AlignConfig
from danlu.train.align.preferences import part
from danlu.train.align.rewards import Score
from danlu.train.align.rows import Kind
from danlu.train.align.rows_file import read_rows
from danlu.train.align.stage import Sides, align_rows
from danlu.train.align.tokens import encode_rows

SEED = 3
SHARED = {"rows_per_step": 4, "micro_batch_rows": 4, "learning_rate": 1e-2, "rank": 4, "max_epochs": 2}
CONFIGS = {
    "dpo": SHARED,
    "kto": SHARED,
    "reward": SHARED,
    "grpo": SHARED
    | {"rows_per_step": 2, "replies_per_prompt": 8, "micro_batch_rows": 16, "reply_tokens": 6, "learning_rate": 3e-2, "tuning": "full"},
}  # fmt: skip
EVERY_STEPS = 2


def letters(messages: object, reply: str, row: object) -> float:
    """The share of small letters: a reward that a few steps raise."""
    return sum("a" <= character <= "z" for character in reply) / max(1, len(reply))


def config_of(method: str, **changes: object) -> AlignConfig:
    return AlignConfig.model_validate({"method": method, **CONFIGS[method], **changes})


def write_rows(path: Path, kind: Kind, count: int = 16) -> Path:
    """Separable rows: good replies name the number, bad ones say always the same."""
    rows = []
    for number in range(count):
        row: dict[str, object] = {"messages": [{"role": "user", "content": f"What is {number}?"}]}
        good, bad = f"It is {number} bar.", "The user asks."
        if kind == "pairs":
            row |= {"chosen": good, "rejected": bad}
        if kind == "labelled":
            row |= {"completion": good if number % 2 else bad, "label": bool(number % 2)}
        rows.append(json.dumps(row) + "\n")
    path.write_text("".join(rows), encoding="utf-8")
    return path


def sides_of(base: Path, path: Path, config: AlignConfig) -> Sides:
    chat = ChatFormat.load(base)
    train, held_out = part(read_rows(path, config.facts.kind), 0.2, SEED, path)
    fitting = [encode_rows(chat, side, "train", config.sequence_tokens) for side in (train, held_out)]
    return Sides(fitting[0].rows, fitting[1].rows, [reject for side in fitting for reject in side.rejects])


def aligned(base: Path, rows: Path, folder: Path, config: AlignConfig, progress: Progress | None = None, score: Score = letters) -> dict:  # fmt: skip
    """Align on one thread; returns what training.json holds."""
    (folder / "out").mkdir(parents=True, exist_ok=True)
    work = Work(folder / "out", folder / "scratch", SEED, 1, 1, progress or Silent())
    sides = sides_of(base, rows, config)
    given = score if config.method == "grpo" else None
    return align_rows(work, config, base, ChatFormat.load(base), sides, given, EVERY_STEPS)


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
