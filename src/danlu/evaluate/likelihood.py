"""How well a model predicts the replies of conversations it was not trained on, in nats per token."""

from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.progress import Progress
from danlu.loop.batches import micro_batches
from danlu.loop.token_batch import TokenBatch, target_count
from danlu.model.chat import ChatFormat, Tokens
from danlu.model.chats import read_chats
from danlu.model.loading import load_model, read_model_facts
from danlu.model.written_chats import written

_MICRO_BATCH_TOKENS = 512


class NothingFits(UserError):
    """No conversation is short enough to be scored."""


@dataclass(frozen=True)
class Likelihood:
    """-ln p of the reply tokens, stop token included; perplexity is exp(nats_per_token)."""

    nats_per_token: float
    target_tokens: int
    conversations: int
    too_long: int
    """Left out: longer than the model's context."""
    not_reached: int
    """Left out: more than `max_tokens` holds."""


def negative_log_likelihood(
    checkpoint_dir: Path, chats_jsonl: Path, max_tokens: int, threads: int, progress: Progress
) -> Likelihood:
    """Score the replies of conversations spread evenly over the file, `max_tokens` tokens in all.

    Ids and mask are those of training and serving. Comparable only between models that share a tokenizer. Raises
    NothingFits when no conversation has so few tokens.
    """
    import torch

    from danlu.loop.causal import CausalLearner

    chat_format = ChatFormat.load(checkpoint_dir)
    rows = [written(chats_jsonl, chat, chat_format) for chat in read_chats(chats_jsonl)]
    context_tokens = read_model_facts(checkpoint_dir).context_tokens
    fitting = [row for row in rows if len(row.ids) <= context_tokens]
    taken = within(fitting, max_tokens)
    if not taken:
        raise NothingFits(
            "{path}: no conversation fits into {tokens} tokens",
            path=chats_jsonl,
            tokens=min(max_tokens, context_tokens),
        )
    learner = CausalLearner(load_model(checkpoint_dir, threads=threads))
    batches = micro_batches(range(len(taken)), [len(row.ids) for row in taken], _MICRO_BATCH_TOKENS)
    nats = 0.0
    with torch.inference_mode():
        for done, batch in enumerate(batches, start=1):
            nats += learner(TokenBatch.of([taken[index] for index in batch])).item()
            progress.advance(done, len(batches))
    targets = target_count(taken)
    return Likelihood(nats / targets, targets, len(taken), len(rows) - len(fitting), len(fitting) - len(taken))


def within(rows: list[Tokens], max_tokens: int) -> list[Tokens]:
    """Rows that together have at most `max_tokens` tokens, evenly spaced; one that alone has more is passed over."""
    fitting = [row for row in rows if len(row.ids) <= max_tokens]
    step = -(-sum(len(row.ids) for row in fitting) // max_tokens)
    taken: list[Tokens] = []
    for row in fitting[:: max(step, 1)]:
        if len(row.ids) > max_tokens:
            break
        max_tokens -= len(row.ids)
        taken.append(row)
    return taken
