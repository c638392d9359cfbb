"""Rows as token ids, by the one chat template: `ChatFormat`. TRL gets these ids and never renders anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import Phrase, UserError
from danlu.model.chat import ChatFormat, Tokens
from danlu.text.records import Reject
from danlu.train.align.preferences import row_id
from danlu.train.align.rows import Row

_NO_LOSS = -100
"""The label that torch's cross-entropy leaves out."""


@dataclass(frozen=True)
class Encoded:
    """A row as ids: of the prompt, and of each reply as far as its stop token."""

    row: Row
    prompt_ids: list[int]
    reply_ids: dict[str, list[int]]

    def whole(self, name: str) -> list[int]:
        """The ids of the prompt and one reply."""
        return self.prompt_ids + self.reply_ids[name]


@dataclass(frozen=True)
class EncodedRows:
    """Rows that fit, and what was left out."""

    rows: list[Encoded]
    rejects: list[Reject]


def encode_rows(chat: ChatFormat, rows: Sequence[Row], source: str, sequence_tokens: int) -> EncodedRows:
    """All rows as ids; rows that are too long are told, never cut. Raises UserError, with the line, when the template refuses one."""
    encoded = [_encode(chat, row) for row in rows]
    kept = [row for row in encoded if bounded_tokens(row) <= sequence_tokens]
    rejects = [
        Reject(
            row_id(row.row), source, "too long", f"{bounded_tokens(row)} tokens", f"at most {sequence_tokens} tokens"
        )
        for row in encoded
        if bounded_tokens(row) > sequence_tokens
    ]
    return EncodedRows(kept, rejects)


def _encode(chat: ChatFormat, row: Row) -> Encoded:
    try:
        prompt = chat.prompt_ids(row.messages)
        replies = {name: _reply_ids(chat, row, reply, prompt) for name, reply in row.replies.items()}
    except UserError as error:
        problem = Phrase(error.message_template, **error.values)
        raise UserError(
            "line {line}: {problem}", "Correct the line, or leave it out.", line=row.line, problem=problem
        ) from None
    return Encoded(row, prompt, replies)


def _reply_ids(chat: ChatFormat, row: Row, reply: str, prompt: list[int]) -> list[int]:
    """What a model must say after the prompt: the reply and its stop token; the template's text behind it is no reply."""
    tokens = chat.training_ids([*row.messages, {"role": "assistant", "content": reply}])
    assert tokens.ids[: len(prompt)] == prompt
    end = max(at for at, learnt in enumerate(tokens.loss_mask, 1) if learnt)
    assert all(tokens.loss_mask[len(prompt) : end])
    return tokens.ids[len(prompt) : end]


def bounded_tokens(row: Encoded) -> int:
    """Of what `sequence_tokens` bounds: the prompt with the longest reply that is given."""
    return len(row.prompt_ids) + max((len(ids) for ids in row.reply_ids.values()), default=0)


def write_tokens(path: Path, rows: Sequence[Encoded], *, learnt: bool) -> None:
    """Parquet: `input_ids`, `labels` (-100 where no loss is) and `reply`, which names it, of every sequence that trained.

    GRPO samples its replies, so its rows are prompts; a reward model has no loss on tokens: labels are all -100 then.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = [(name, Tokens(*_sequence(row, name, learnt))) for row in rows for name in row.reply_ids or ("",)]
    labels = [[id if on else _NO_LOSS for id, on in zip(*tokens, strict=True)] for _, tokens in said]
    kind = pa.list_(pa.int32())
    columns = {
        "input_ids": pa.array([tokens.ids for _, tokens in said], kind),
        "labels": pa.array(labels, kind),
        "reply": pa.array([name for name, _ in said], pa.string()),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")


def _sequence(row: Encoded, name: str, learnt: bool) -> tuple[list[int], list[bool]]:
    reply = row.reply_ids.get(name, [])
    return row.prompt_ids + reply, [False] * len(row.prompt_ids) + [learnt] * len(reply)
