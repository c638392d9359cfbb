"""A generation that really stops: at the end of a whole reply the model says a token on which generation ends."""

import math
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from danlu.core.errors import DanluError, Phrase, UserError
from danlu.core.library_errors import first_words
from danlu.prove.finding import Check, Finding
from danlu.prove.folder import ModelFolder
from danlu.prove.models import log_softmax, logits
from danlu.prove.skeleton import silent
from danlu.prove.stops import stop_ids, token_text, turn_terminator

STOPS = Check(
    "config.stops",
    Phrase("a generation really stops at the end of a reply"),
    costs=Phrase("each reply runs to the token limit: slow, expensive, and followed by invented turns"),
    fix=Phrase(
        "put the end-of-turn token under the loss and train again, or name it in generation_config.json, and take out of"
        " that file what forbids it (suppress_tokens, min_new_tokens, a large repetition_penalty)"
    ),
    threads=("axolotl #3754", "LLaMA-Factory #9338"),
)
_REPLIES = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("How many days are there in a week?", "There are seven days in a week."),
    ("What colour is the sky on a clear day?", "The sky is blue on a clear day."),
    ("Is water wet? Answer yes or no.", "Yes."),
    ("一周有几天？", "一周有七天。"),
    ("法国的首都是哪里？", "法国的首都是巴黎。"),
)
_MAX_REPLY_TOKENS = 384
_MAX_AFTER_TOKENS = 12
_CHANCE = 0.9
"""A reply on which the loss is over this share of the loss of guessing tells nothing."""
_ENOUGH = 3
"""Replies that tell something: fewer are an accident."""
_NEVER = 0.01
"""Probability of the end token, at the reply where it is likeliest, below which a model does not know it.

SmolLM2-135M gives .77 after the likeliest of six plain replies, .04 in the middle, and .0002 after a strange one.
"""


@dataclass(frozen=True)
class _Ending:
    """What happened after one whole reply."""

    probability: float
    """Of the tokens that stop generation, at the end of the reply."""
    loss: float
    """Nats per token of the reply."""
    likeliest: bool
    """Whether one of them is the likeliest token there."""
    said: tuple[int, ...]
    stopped: bool


def check_stops(folder: ModelFolder, model: Any, replies: Sequence[tuple[str, str]]) -> Finding:
    """config.stops on fixed replies and on the user's (question, reply) pairs.

    A model that has learnt nothing (random weights) is not checkable. Raises UserError when the template does not render or
    the model does not generate.
    """
    vocabulary = model.config.get_text_config().vocab_size
    # What lies beyond is config.eos's fault; no model says it.
    stops = [id for id in stop_ids(folder) if 0 <= id < vocabulary]
    try:
        endings = [_ending(folder, model, question, reply, stops) for question, reply in (*_REPLIES, *replies)]
    except DanluError:
        raise
    except Exception as error:  # noqa: BLE001  # templates and models raise what they like
        raise UserError(
            "{path}: the model does not reply: {problem}",
            "mend the chat template, config.json and generation_config.json first",
            path=folder.path,
            problem=first_words(error),
        ) from None
    # After a reply that means nothing to the model, what it says means nothing either.
    telling = [ending for ending in endings if ending.loss <= _CHANCE * math.log(vocabulary)]
    if len(telling) < _ENOUGH:
        return STOPS.not_checkable(
            Phrase(
                "the model predicts replies no better than chance ({loss:.1f} nats per token)",
                loss=statistics.median(ending.loss for ending in endings),
            ),
            Phrase("a trained model, or rows that it was trained on with --data"),
        )
    return _judge(folder, telling, stops)


def _judge(folder: ModelFolder, endings: Sequence[_Ending], stops: Sequence[int]) -> Finding:
    stopped = sum(ending.stopped for ending in endings)
    probability = max(ending.probability for ending in endings)
    terminator = turn_terminator(folder)
    ran_over = sum(terminator in ending.said[:-1] and terminator not in stops for ending in endings)
    measured = {"replies": len(endings), "stopped": stopped, "largest_probability": round(probability, 4)}
    lines = [
        f"p(end) {ending.probability:.3f}, then: {folder.tokenizer.decode(ending.said)!r}" for ending in endings[:6]
    ]
    if ran_over and terminator is not None:
        return STOPS.failed(
            Phrase("the model says {token} and generation goes on, {count} of {all} times", token=token_text(folder, terminator), count=ran_over, all=len(endings)),
            lines,
            measured,
        )  # fmt: skip
    sure = sum(ending.likeliest for ending in endings)
    # A penalty on repeated tokens may cost a healthy model its end once, and not after each reply.
    if not stopped and sure * 2 >= len(endings):
        return STOPS.failed(
            Phrase("the end is the likeliest token after {count} of {all} whole replies, and generation gave it after none: its settings forbid it", count=sure, all=len(endings)),
            lines,
            measured,
        )  # fmt: skip
    if not stopped and probability < _NEVER:
        return STOPS.failed(
            Phrase("after {all} whole replies the model never stopped within {tokens} tokens", all=len(endings), tokens=_MAX_AFTER_TOKENS),
            lines,
            measured,
        )  # fmt: skip
    return STOPS.passed(
        Phrase("{count} of {all} whole replies ended within {tokens} tokens; probability of the end {probability:.2f} where it is likeliest", count=stopped, all=len(endings), tokens=_MAX_AFTER_TOKENS, probability=probability),
        lines,
        measured,
    )  # fmt: skip


def _ending(folder: ModelFolder, model: Any, question: str, reply: str, stops: Sequence[int]) -> _Ending:
    import numpy as np

    tokenizer = folder.tokenizer
    prompt: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    before = tokenizer.encode(prompt, add_special_tokens=False)
    ids = (before + tokenizer.encode(reply, add_special_tokens=False))[:_MAX_REPLY_TOKENS]
    log_probabilities_TV = log_softmax(logits(model, ids))
    start = min(len(before), len(ids) - 1)
    losses = [-log_probabilities_TV[at - 1, ids[at]] for at in range(start, len(ids))]
    said = _continuation(model, ids)
    probability = float(np.exp(log_probabilities_TV[-1, np.array(stops, dtype=np.int64)]).sum())
    likeliest = int(log_probabilities_TV[-1].argmax()) in stops
    return _Ending(probability, float(np.mean(losses)), likeliest, said, bool(said) and said[-1] in stops)


def _continuation(model: Any, ids: Sequence[int]) -> tuple[int, ...]:
    """What generation gives after `ids`, by the folder's settings and without drawing. Its warnings are config.generation's to tell."""
    import torch

    given = torch.tensor([list(ids)])
    with torch.inference_mode(), silent(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = model.generate(
            given, attention_mask=torch.ones_like(given), max_new_tokens=_MAX_AFTER_TOKENS, do_sample=False
        )
    return tuple(out[0, len(ids) :].tolist())
