"""One trial of a search over fine-tuning: a short training with some settings, scored on conversations that it does not learn from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.loop.batches import ConversationFeed, Limits, micro_batches, plan_steps, shuffled
from danlu.loop.token_batch import Row, TokenBatch, target_count
from danlu.model.chat import ChatFormat
from danlu.train.conversation_rows import read_rows
from danlu.train.finetune import FinetuneConfig, optimization
from danlu.train.search.space import check_settings
from danlu.train.search.study import Report

_LEAST_HELD_OUT = 2


@dataclass(frozen=True)
class Parted:
    """Conversations to learn from, and others to score with."""

    learnt: tuple[Row, ...]
    held_out: tuple[Row, ...]


def part(base_dir: Path, chats_jsonl: Path, config: FinetuneConfig, share: float, seed: int) -> Parted:
    """Hold out a share of the conversations, by the seed; parts of one conversation stay together."""
    data = read_rows(chats_jsonl, ChatFormat.load(base_dir), config.sequence_tokens, config.long_conversations)
    order = shuffled(data.conversations, seed, 0)
    out = set(order[: max(_LEAST_HELD_OUT, round(share * data.conversations))])
    pairs = list(zip(data.rows, data.origins, strict=True))
    parted = Parted(
        tuple(row for row, origin in pairs if origin not in out), tuple(row for row, origin in pairs if origin in out)
    )
    if not parted.learnt or not target_count(parted.held_out):
        raise UserError(
            "{path} has {count} conversations, too few to hold some out for scoring",
            "Add conversations, or raise finetune.sequence_tokens.",
            path=chats_jsonl,
            count=data.conversations,
        )
    return parted


def checked(config: FinetuneConfig, settings: Mapping[str, Any]) -> FinetuneConfig:
    """The configuration with a trial's settings; raises UserError when it does not have one, or not with this value."""
    return check_settings("finetune", config, settings)


def finetune_objective(
    base_dir: Path, parted: Parted, config: FinetuneConfig, evaluations: int, seed: int, threads: int
) -> Callable[[Mapping[str, Any], Report], None]:
    """What a trial does with its settings. Everything in it follows from them and the seed."""

    def objective(settings: Mapping[str, Any], report: Report) -> None:
        from danlu.loop.causal import CausalLearner
        from danlu.loop.checkpoint import Checkpoints
        from danlu.loop.loop import Evaluation, train
        from danlu.loop.tuning import load_for_tuning

        trial = checked(config, settings)
        limits = Limits(trial.step_tokens, trial.max_train_tokens, trial.max_epochs)
        feed = ConversationFeed(
            parted.learnt,
            plan_steps([len(row.ids) for row in parted.learnt], seed, limits),
            trial.micro_batch_tokens,
        )
        if not feed.steps:
            raise UserError(
                "no conversation fits into the {tokens} tokens of a trial",
                "Raise finetune.max_train_tokens.",
                tokens=trial.max_train_tokens,
            )
        start_ids = feed.rows[feed.plan[0].rows[0]].ids
        learner = CausalLearner(load_for_tuning(base_dir, trial.tuning(), start_ids, seed=seed, threads=threads))

        def score(done: int) -> float:
            nats = _nats_per_token(learner, parted.held_out, trial.micro_batch_tokens)
            report(done, nats, sum(feed.tokens(step) for step in range(done)))
            return nats

        every = max(1, feed.steps // evaluations)
        with TemporaryDirectory() as folder:  # a trial that is broken off starts again
            checkpoints = Checkpoints(Path(folder) / "trial", feed.steps + 1, "trial")
            train(
                learner, feed, optimization(trial), checkpoints, Silent(), seed=seed, evaluation=Evaluation(every, score)
            )  # fmt: skip

    return objective


def _nats_per_token(learner: Any, rows: tuple[Row, ...], most_tokens: int) -> float:
    """Mean -ln p of the held-out replies, every trial in the same batches."""
    total = 0.0
    for group in micro_batches(range(len(rows)), [len(row.ids) for row in rows], most_tokens):
        total += float(learner(TokenBatch.of([rows[index] for index in group])))
    return total / target_count(rows)
