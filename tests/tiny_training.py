"""A training of the tiny checkpoint on a few conversations, as the probe's process makes it anew."""

import os
import signal
from pathlib import Path

from danlu.loop.probe import Subject
from tiny import make_tiny_checkpoint, write_chats


def write(folder: Path) -> Path:
    """The checkpoint and its conversations."""
    make_tiny_checkpoint(folder)
    write_chats(folder / "chats.jsonl", count=10)
    return folder


def subject(folder: Path | None) -> Subject:
    """Full training in float32, several micro-batches to a step."""
    from danlu.core.errors import UserError
    from danlu.loop.batches import ConversationFeed, Limits, plan_steps
    from danlu.loop.causal import CausalLearner
    from danlu.loop.optimizers import Optimization
    from danlu.model.chat import ChatFormat
    from danlu.model.chats import read_chats
    from danlu.model.loading import load_model

    if folder is None:
        raise UserError("nothing to train")
    chat = ChatFormat.load(folder)
    rows = [chat.training_ids(one.messages) for one in read_chats(folder / "chats.jsonl")]
    plan = plan_steps([len(row.ids) for row in rows], 0, Limits(400, 10_000, 3))
    learner = CausalLearner(load_model(folder, threads=1))
    how = Optimization(1e-3, 0.1, 0.0, 1.0, 10_000)
    return Subject(learner, ConversationFeed(rows, plan, 200), how, finish=_leave)


def _leave(folder: Path) -> None:
    (folder / "model").write_text("model", encoding="utf-8")


def killed() -> Subject:
    """What the system does to a process when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("alive")
