"""One part of token shards, made by a worker: documents, or conversations, as ids with their lineage beside them."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pyarrow as pa

from danlu.loop.shard_writer import PartWriter
from danlu.loop.shards import Encoding
from danlu.model.bulk_encoder import BulkEncoder
from danlu.model.chat import ChatFormat
from danlu.model.chats import Chat
from danlu.model.written_chats import written
from danlu.text.records import REJECTS, Reject
from danlu.text.tables import TableWriter, read_groups
from danlu.train.tokenize.tokenizer import FirstBytes

LINEAGE = pa.schema(
    [("doc_id", pa.string()), ("source", pa.string()), ("language", pa.string())]
    + [(name, pa.int64()) for name in ("tokens", "text_bytes", "first_token_bytes")]
)
"""A row for each document, in the order of the shards. `text_bytes` are UTF-8, of what is learnt."""
DOCUMENTS, REJECTED, FACTS = "documents.parquet", "rejects.parquet", "facts.json"
JUNK = "tokens per character"
_COLUMNS = ["doc_id", "source", "language", "licence", "text"]
_FEWEST_CHARACTERS = 64
"""Shorter texts are not judged by their tokens: a name in a foreign script is no junk."""


@dataclass(frozen=True)
class DocumentsShard:
    """A part of a corpus."""

    source: Path
    outcome: Path


@dataclass(frozen=True)
class ChatsShard:
    """Some conversations of a file."""

    source: Path
    outcome: Path
    chats: tuple[Chat, ...]


@dataclass(frozen=True)
class HowDocuments:
    """How documents become ids."""

    tokenizer: Path
    encoding: Encoding
    max_tokens_per_character: float


@contextmanager
def _part(outcome: Path, encoding: Encoding) -> Iterator["_Part"]:
    """A part under another name, which gets its own when all is written."""
    half = outcome.with_name(f"{outcome.name}.half")
    rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    with (
        PartWriter(half, encoding) as ids,
        TableWriter(half / DOCUMENTS, LINEAGE) as documents,
        TableWriter(half / REJECTED, REJECTS) as rejects,
    ):
        part = _Part(ids, documents, rejects)
        yield part
        part.flush()
    (half / FACTS).write_text(json.dumps(part.facts(), sort_keys=True), encoding="utf-8")
    half.rename(outcome)


class _Part:
    """The open files of a part, and what was counted."""

    def __init__(self, ids: PartWriter, documents: TableWriter, rejects: TableWriter) -> None:
        self.ids, self._documents, self._rejects = ids, documents, rejects
        self._kept: list[dict[str, Any]] = []
        self._rules: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        """By language."""
        self.documents: Counter[str] = Counter()
        """Of each language that came in."""
        self.junk: Counter[str] = Counter()
        """Documents of each language that the tokenizer does not know how to spell."""
        self.learnt = 0
        """Tokens under the loss, where only some are."""
        self.text_bytes = 0
        self.licences: set[str] = set()

    def reject(self, rejects: list[Reject]) -> None:
        self._rejects.add_rows([asdict(reject) for reject in rejects])
        self._rules.update(reject.rule for reject in rejects)

    def keep(self, row: dict[str, Any]) -> None:
        """Take a row of LINEAGE, and count it."""
        self._kept.append(row)
        self.tokens[row["language"]] += row["tokens"]
        self.text_bytes += row["text_bytes"]

    def flush(self) -> None:
        """Write the rows that were taken since the last time, all at once."""
        self._documents.add_rows(self._kept)
        self._kept.clear()

    def facts(self) -> dict[str, object]:
        return {
            "kept": self._documents.rows, "rejected": self._rejects.rows, "rules": self._rules, "tokens": self.tokens,
            "documents": self.documents, "junk": self.junk, "learnt": self.learnt, "text_bytes": self.text_bytes, "licences": sorted(self.licences),
        }  # fmt: skip


def tokenize_documents(how: HowDocuments, shard: DocumentsShard) -> None:
    """Encode the documents of a part, each with the end token behind it, a row group at a time."""
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    encoder, first_bytes = BulkEncoder.load(how.tokenizer), FirstBytes(how.tokenizer)
    with _part(shard.outcome, how.encoding) as part:
        for table in read_groups(shard.source, _COLUMNS):
            ids_T, starts_D1 = encoder.encode(table["text"])
            rows, lengths_D = table.to_pylist(), np.diff(starts_D1)
            bound = how.max_tokens_per_character
            rejects = [_reject(row, tokens, bound) for row, tokens in zip(rows, lengths_D.tolist(), strict=True)]
            part.reject([reject for reject in rejects if reject])
            part.documents.update(row["language"] for row in rows)
            junk = [reject is not None and reject.rule == JUNK for reject in rejects]
            part.junk.update(row["language"] for row, is_junk in zip(rows, junk, strict=True) if is_junk)
            is_kept_D = np.array([reject is None for reject in rejects], np.bool_)
            kept_ids_T, kept_lengths_D = ids_T[np.repeat(is_kept_D, lengths_D)], lengths_D[is_kept_D]
            kept = [row for row, reject in zip(rows, rejects, strict=True) if reject is None]
            firsts_D = kept_ids_T[np.cumsum(kept_lengths_D) - kept_lengths_D]
            part.ids.add(np.insert(kept_ids_T, np.cumsum(kept_lengths_D), how.encoding.end_id), kept_lengths_D + 1)
            for row, tokens, first in zip(kept, kept_lengths_D.tolist(), firsts_D.tolist(), strict=True):
                part.keep(_lineage(row, tokens + 1, first_bytes.of(first, row["text"])))
            part.licences |= {row["licence"] for row in kept}
            part.flush()


def _lineage(row: dict[str, str], tokens: int, first_token_bytes: int) -> dict[str, Any]:
    named = {name: row[name] for name in ("doc_id", "source", "language")}
    sizes = {"text_bytes": len(row["text"].encode()), "first_token_bytes": first_token_bytes}
    return named | {"tokens": tokens} | sizes


def _reject(row: dict[str, str], tokens: int, bound: float) -> Reject | None:
    """Why a document is not kept, if it is not."""
    text = row["text"]
    if not tokens or not text.strip():
        found = f"{len(text)} characters without a token" if text.strip() else f"{len(text)} characters of white space"
        return Reject(row["doc_id"], row["source"], "empty text", found, "a character")
    if len(text) < _FEWEST_CHARACTERS or tokens <= bound * len(text):
        return None
    value, threshold = f"{tokens / len(text):.2f} tokens per character", f"{bound:g} tokens per character"
    return Reject(row["doc_id"], row["source"], JUNK, value, threshold)


def tokenize_conversations(tokenizer: Path, encoding: Encoding, max_tokens: int | None, shard: ChatsShard) -> None:
    """Write the conversations of a part as the model sees them in training, with the loss on replies alone."""
    if shard.outcome.exists():
        return
    format = ChatFormat.load(tokenizer)
    with _part(shard.outcome, encoding) as part:
        for chat in shard.chats:
            tokens = written(shard.source, chat, format)
            if max_tokens is not None and len(tokens.ids) > max_tokens:
                found, bound = f"{len(tokens.ids)} tokens", f"{max_tokens} tokens"
                part.reject([Reject(chat.chat_id, shard.source.name, "too long", found, bound)])
                continue
            ids_T, loss_mask_T = np.array(tokens.ids, np.int32), np.array(tokens.loss_mask, np.bool_)
            learnt_bytes = len(format.decode(ids_T[loss_mask_T].tolist()).encode())
            part.ids.add(ids_T, np.array([len(ids_T)]), loss_mask_T)
            part.keep(_chat_row(chat, shard.source.name, len(ids_T), learnt_bytes))
            part.learnt += int(loss_mask_T[1:].sum())


def _chat_row(chat: Chat, source: str, tokens: int, learnt_bytes: int) -> dict[str, Any]:
    """Nothing is learnt of a conversation's first token: none of the bytes that count are its."""
    row = {"doc_id": chat.chat_id, "source": source, "language": "und", "tokens": tokens}
    return row | {"text_bytes": learnt_bytes, "first_token_bytes": 0}
