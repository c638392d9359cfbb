"""What a training is worth on prompts that it did not see.

Pairs: how often the better reply wins, and by how much. DPO and KTO are measured by the reward that they imply, beta x
(log-probability now - log-probability before), in nats (DPO paper, equation 5); a reward model by its scores. GRPO: the
mean reward of sampled replies before and after. Log-probabilities are of whole replies with their stop token.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

import torch

from danlu.core.errors import WorkFailed
from danlu.model.chat import ChatFormat
from danlu.train.align.config import AlignConfig
from danlu.train.align.reward_model import score
from danlu.train.align.rewards import Score
from danlu.train.align.tokens import Encoded

Worths = list[dict[str, float]]
"""For each row, what each reply is worth, by its name."""


def worths(model: Any, rows: Sequence[Encoded], config: AlignConfig) -> Worths:
    """Scores of a reward model, or log-probabilities, of every reply."""
    one: Callable[[Any, Encoded, str], float] = _score if config.method == "reward" else _log_probability
    return [{name: one(model, row, name) for name in row.reply_ids} for row in rows]


def compare(before: Worths, after: Worths, rows: Sequence[Encoded], config: AlignConfig) -> dict[str, float]:
    """Accuracy and mean margin, and how many rows they are of; empty without rows."""
    if not rows:
        return {}
    if config.method == "reward":
        gained = after
    else:
        gained = [
            {name: config.strength * (now[name] - then[name]) for name in now}
            for then, now in zip(before, after, strict=True)
        ]
    if config.method == "kto":
        return _labelled(gained, rows)
    facts = _pairs(gained)
    if config.method == "dpo":
        facts |= {"chosen_likelier_before": _wins(before), "chosen_likelier_after": _wins(after)}
    return facts


def mean_reward(
    model: Any, rows: Sequence[Encoded], chat: ChatFormat, config: AlignConfig, score: Score, pad: int, seed: int
) -> float:
    """Mean reward of `replies_per_prompt` sampled replies to each prompt: the same chance in every call."""
    rewards = []
    with torch.random.fork_rng(), torch.no_grad(), telling_bad_odds():
        torch.manual_seed(seed)
        for row in rows:
            prompt = torch.tensor([row.prompt_ids], device=model.device)
            replies = model.generate(
                prompt, attention_mask=torch.ones_like(prompt), do_sample=True, temperature=config.temperature, top_k=0,
                top_p=1.0, max_new_tokens=config.reply_tokens, num_return_sequences=config.replies_per_prompt,
                eos_token_id=sorted(chat.stop_ids), pad_token_id=pad,
            )[:, prompt.shape[1] :]  # fmt: skip
            rewards += [score(row.row.messages, chat.decode(ids), row.row.fields) for ids in replies.tolist()]
    return sum(rewards) / len(rewards)


@contextmanager
def telling_bad_odds() -> Iterator[None]:
    """Raises WorkFailed where replies are to be sampled from odds that are no numbers: torch says so in its own words."""
    try:
        yield
    except RuntimeError as error:
        if "probability tensor" not in str(error):
            raise
        raise WorkFailed(
            "the model's odds of the next token are no numbers",
            "Lower align.learning_rate, or take another base where they never were. The checkpoints of the steps before are kept.",
        ) from error


def _score(model: Any, row: Encoded, name: str) -> float:
    return score(model, row.whole(name))


def _log_probability(model: Any, row: Encoded, name: str) -> float:
    """In nats, of the reply after its prompt. One row at a time: nothing is padded, and the logits fit into memory."""
    ids, start = torch.tensor([row.whole(name)], device=model.device), len(row.prompt_ids)
    with torch.no_grad():
        logits_TV = model(input_ids=ids, use_cache=False).logits[0, start - 1 : -1].float()
    said_T = ids[0, start:]
    return float(torch.log_softmax(logits_TV, -1).gather(1, said_T[:, None]).sum())


def _pairs(gained: Worths) -> dict[str, float]:
    margins = [row["chosen"] - row["rejected"] for row in gained]
    return {"rows": len(gained), "accuracy": _wins(gained), "margin": sum(margins) / len(margins)}


def _wins(rows: Worths) -> float:
    return sum(row["chosen"] > row["rejected"] for row in rows) / len(rows)


def _labelled(gained: Worths, rows: Sequence[Encoded]) -> dict[str, float]:
    """Accuracy over all pairs of a good and a bad reply, as if each were a preference (the area under the ROC curve)."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    for worth, row in zip(gained, rows, strict=True):
        sides[bool(row.row.label)].append(worth["completion"])
    facts: dict[str, float] = {"rows": len(rows)}
    pairs = list(product(sides[True], sides[False]))
    if pairs:
        facts["accuracy"] = sum(good > bad for good, bad in pairs) / len(pairs)
        facts["margin"] = sum(good - bad for good, bad in pairs) / len(pairs)
    return facts
