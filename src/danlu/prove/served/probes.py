"""The conversations that a served model is asked, its replies, and what the checkpoint's weights think of them.

A reply is judged with the checkpoint reading along: at each position the server's token is compared with what the
checkpoint would have said after the same tokens, so one difference does not hide or bring on others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from danlu.core.endpoints import Refused
from danlu.core.progress import Progress
from danlu.prove.folder import ModelFolder
from danlu.prove.models import PROBE_TEXTS
from danlu.prove.served.asking import Served
from danlu.prove.served.local import log_probabilities, prompt_ids
from danlu.prove.served.replies import Reply
from danlu.text.rows.rows import Conversation

MAX_TOKENS = 32
"""Of each reply."""
ROW_COUNT = 4
"""The user's rows that are asked, beside our own conversations: with them a run sends at most 48 requests, of which up to two are long."""
MAX_PROMPT_TOKENS = 1024
"""Longer rows are left out: the smallest contexts in use hold 2,048 tokens."""


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


CONVERSATIONS: tuple[tuple[Mapping[str, Any], ...], ...] = (
    (_user("What is two plus two? Answer with one number."),),
    ({"role": "system", "content": "You answer in one short sentence."}, _user("Why does ice float on water?")),
    (_user("Name a metal."), {"role": "assistant", "content": "Copper."}, _user("Name another one.")),
    (_user("请用一句话说明怎样检查压力表。👍🏽\n\n谢谢！"),),
    (_user("Copy this line: pump pump pump pump pump pump pump pump pump pump pump pump"),),
    (_user("  Name three colours.\n"),),
)
"""One answer, a system prompt, several turns, Chinese and emoji, repetition, white space at both ends."""


@dataclass(frozen=True)
class Judged:
    """What the checkpoint thinks of a reply of R tokens."""

    ids: tuple[int, ...]
    """Without the stop token at the end."""
    gaps: tuple[float, ...]
    """At each of the R positions, by how many nats the checkpoint's own choice leads the server's; 0 where they agree."""
    choices: tuple[int, ...]
    """The checkpoint's own choice at each of the R positions."""
    leads: tuple[float, ...]
    """At each of the R positions, by how many nats the checkpoint's own choice leads its second."""
    stop_leads: tuple[float, ...]
    """At each of the R + 1 positions, by how many nats a stop token leads all others; negative where one would not stop."""
    pairs: tuple[tuple[tuple[float, float], ...], ...]
    """At each position, log-probabilities of the same tokens as (server's, checkpoint's)."""


@dataclass(frozen=True)
class Exchange:
    """One conversation, as the checkpoint's template writes it and as the server answered it, both greedily."""

    messages: tuple[Mapping[str, Any], ...]
    """Empty for a model that continues plain text."""
    row: int | None
    """Of the user's rows; None for one of our own."""
    prompt: tuple[int, ...]
    told_prompt: tuple[int, ...] | None
    """As the server's own ids, where it tells them."""
    plain: Reply
    """Only the temperature is stated."""
    neutral: Reply | None
    """Every parameter is stated; None where the server refuses that."""
    judged: Judged | None
    """Of `neutral`, else of `plain`; None without weights, or where the ids of the prompt or of the reply are not known."""

    @property
    def reply(self) -> Reply:
        """The one that is judged."""
        return self.neutral or self.plain


def exchanges(
    served: Served,
    folder: ModelFolder,
    model: Any,
    stops: Sequence[int],
    rows: Sequence[Conversation],
    progress: Progress,
) -> Iterator[Exchange]:
    """Ask everything, two requests for each conversation and two more of llama.cpp; `model` is None without weights.

    Raises UserError when the server does not answer, Refused when it refuses all conversations.
    """
    asked = tuple(_prompts(folder, rows))
    refused: list[Refused] = []
    for number, (messages, row, prompt, text) in enumerate(asked):
        progress.advance(number, len(asked))
        try:
            plain = _reply(served, messages, text, prompt, neutral=False)
        except Refused as error:  # a template that knows no system role, for one
            refused.append(error)
            continue
        neutral = _neutral(served, messages, text, prompt)
        told = (plain.prompt_ids or served.prompt_ids(messages)) if messages else prompt
        read = told or (prompt if plain.prompt_tokens in (None, len(prompt)) else None)
        judged = judge(folder, model, stops, read, neutral or plain) if model is not None and read else None
        yield Exchange(messages, row, prompt, told, plain, neutral, judged)
    if refused and len(refused) == len(asked):
        raise refused[0]


def judge(folder: ModelFolder, model: Any, stops: Sequence[int], prompt: Sequence[int], reply: Reply) -> Judged | None:
    """What the checkpoint thinks of `reply` after `prompt`; None where the reply's ids cannot be had."""
    import numpy as np

    ids = _reply_ids(folder, stops, reply)
    if ids is None:
        return None
    rows = log_probabilities(model, prompt, ids)
    best = np.partition(rows, -2, axis=-1)[:, -2:]
    gaps = tuple(float(best[at, 1] - rows[at, id]) for at, id in enumerate(ids))
    choices = tuple(int(id) for id in rows[: len(ids)].argmax(axis=-1))
    leads = tuple(float(lead) for lead in best[: len(ids), 1] - best[: len(ids), 0])
    pairs = tuple(
        tuple((server, float(rows[at, id])) for id, server in top.items() if id < rows.shape[1])
        for at, top in enumerate(reply.tops[: len(rows)])
    )
    return Judged(ids, gaps, choices, leads, _stop_leads(rows, stops), pairs)


def _prompts(
    folder: ModelFolder, rows: Sequence[Conversation]
) -> Iterator[tuple[tuple[Mapping[str, Any], ...], int | None, tuple[int, ...], str]]:
    """Messages, row, ids and text of everything to ask that the checkpoint itself can write."""
    if not folder.chat_template:
        for text in PROBE_TEXTS[: len(CONVERSATIONS)]:
            yield (), None, tuple(folder.tokenizer(text, verbose=False)["input_ids"]), text
        return
    step = max(1, len(rows) // ROW_COUNT)
    drawn = [(_before_reply(row), row.row) for row in rows[::step] if not row.tools][:ROW_COUNT]
    for messages, row in [*((messages, None) for messages in CONVERSATIONS), *drawn]:
        ids = prompt_ids(folder, messages) if messages else None
        if ids and len(ids) <= MAX_PROMPT_TOKENS:
            yield messages, row, ids, ""


def _before_reply(row: Conversation) -> tuple[Mapping[str, Any], ...]:
    """The messages before the last reply; none where there is none, or one is no plain text."""
    replies = [at for at, message in enumerate(row.messages) if message["role"] == "assistant"]
    messages = row.messages[: replies[-1]] if replies else ()
    plain = all(set(message) <= {"role", "content"} and isinstance(message["content"], str) for message in messages)
    return messages if plain else ()


def _reply(
    served: Served, messages: Sequence[Mapping[str, Any]], text: str, prompt: Sequence[int], *, neutral: bool
) -> Reply:
    if messages:
        return served.chat(messages, max_tokens=MAX_TOKENS, neutral=neutral)
    return served.complete(text, prompt, max_tokens=MAX_TOKENS, neutral=neutral)


def _neutral(served: Served, messages: Sequence[Mapping[str, Any]], text: str, prompt: Sequence[int]) -> Reply | None:
    try:
        return _reply(served, messages, text, prompt, neutral=True)
    except Refused:
        return None


def _reply_ids(folder: ModelFolder, stops: Sequence[int], reply: Reply) -> tuple[int, ...] | None:
    """Ids without the stop token at their end; tokenised from the text where the server tells none, when that is safe."""
    ids = reply.ids
    if ids is None:
        # What stood around the reasoning is lost, and so are bytes that make no character.
        if reply.thinks or "\N{REPLACEMENT CHARACTER}" in reply.text:
            return None
        ids = tuple(folder.tokenizer(reply.text, add_special_tokens=False, verbose=False)["input_ids"])
        # A model may write a text in other tokens than a tokenizer would; only the count shows it.
        if reply.reply_tokens is None or reply.reply_tokens - len(ids) not in (0, 1):
            return None
    size = len(folder.tokenizer)
    if any(id >= size for id in ids):
        return None
    return ids[:-1] if ids and ids[-1] in stops else ids


def _stop_leads(rows: Any, stops: Sequence[int]) -> tuple[float, ...]:
    """Leads of the likeliest stop token over the likeliest other one."""
    import numpy as np

    known = [id for id in stops if id < rows.shape[1]]
    if not known:
        return ()
    others = rows.copy()
    others[:, known] = -np.inf
    return tuple(float(lead) for lead in rows[:, known].max(axis=-1) - others.max(axis=-1))
