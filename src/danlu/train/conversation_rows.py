"""Conversations as rows of tokens to learn from: rendered by the model's own template, held to a length, nothing cut in silence.

A cut reply would lose its stop token, and a model that never learns to stop is the usual damage of truncation. A
conversation that is too long is left out, or parted between exchanges, or refused, as the policy says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from danlu.core.errors import UserError
from danlu.model.chat import ChatFormat, Message, Tokens
from danlu.model.chats import Chat, read_chats
from danlu.model.written_chats import written, written_part

LongPolicy = Literal["leave_out", "split", "refuse"]


@dataclass(frozen=True)
class ConversationRows:
    """What can be learnt from, and what became of the rest."""

    conversations: int
    rows: tuple[Tokens, ...]
    origins: tuple[int, ...]
    """For each row the number of its conversation in the file, from 0."""
    split: int
    """Conversations of which only parts fit: between exchanges, the system message before each part."""
    exchanges_left_out: int
    """Of split conversations: one question with its answer alone is longer than the limit."""


def read_rows(path: Path, chat_format: ChatFormat, max_tokens: int, policy: LongPolicy) -> ConversationRows:
    """Render all conversations of a file. Raises UserError naming the conversation that the template refuses, or the first too long one."""
    chats = read_chats(path)
    rows: list[tuple[int, Tokens]] = []
    split = exchanges_left_out = 0
    for number, chat in enumerate(chats):
        whole = written(path, chat, chat_format)
        if len(whole.ids) <= max_tokens:
            rows.append((number, whole))
        elif policy == "refuse":
            raise UserError(
                "{path}: conversation {id!r} has {tokens} tokens, and {limit} are the most",
                "shorten it, raise finetune.sequence_tokens, or --set finetune.long_conversations=split (or leave_out)",
                path=path,
                id=chat.chat_id,
                tokens=len(whole.ids),
                limit=max_tokens,
            )
        elif policy == "split":
            parts, lost = _parts(path, chat, chat_format, max_tokens)
            parts = [part for part in parts if any(part.loss_mask)]  # the others are replies that the row switched off
            rows += [(number, part) for part in parts]
            split += bool(parts)
            exchanges_left_out += lost if parts else 0
    numbers, tokens = tuple(number for number, _ in rows), tuple(row for _, row in rows)
    return ConversationRows(len(chats), tokens, numbers, split, exchanges_left_out)


def _parts(path: Path, chat: Chat, chat_format: ChatFormat, max_tokens: int) -> tuple[list[Tokens], int]:
    """Whole exchanges, as many together as fit; and how many exchanges fit nowhere."""
    system, exchanges = _exchanges(chat.messages)
    parts: list[Tokens] = []
    taken: list[Message] = []
    lost = 0
    for exchange in exchanges:
        longer = written_part(path, chat, [*system, *taken, *exchange], chat_format)
        if len(longer.ids) <= max_tokens:
            parts, taken = [*(parts[:-1] if taken else parts), longer], [*taken, *exchange]
            continue
        alone = written_part(path, chat, [*system, *exchange], chat_format)
        fits = len(alone.ids) <= max_tokens
        parts, taken = [*parts, alone] if fits else parts, list(exchange) if fits else []
        lost += not fits
    return parts, lost


def _exchanges(messages: Sequence[Message]) -> tuple[list[Message], list[list[Message]]]:
    """The system messages at the start, and groups that begin with what a user says and end before the next time."""
    head = next((at for at, message in enumerate(messages) if message["role"] != "system"), len(messages))
    groups: list[list[Message]] = []
    for message in messages[head:]:
        starts = message["role"] == "user" and (not groups or groups[-1][-1]["role"] == "assistant")
        if starts or not groups:
            groups.append([])
        groups[-1].append(message)
    return list(messages[:head]), groups
