"""What people think of answers: thumbs, corrections, comments and tags, each tied to the id of an answer.

An answer can only be judged, and learnt from, where it and its question were kept: `serve: feedback:` says for how many days. Personal data
is masked before anything is kept (danlu.text.pii), once for the conversation, so that one mask is one value in it. Answers that nobody judged
are deleted after those days; the others stay. Answers that a guard refused or cut are not kept: nobody should learn from them.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from danlu.core.databases import read_only, using
from danlu.core.errors import Phrase, UserError
from danlu.serve.models import Message
from danlu.serve.observe.exchange import Exchange
from danlu.serve.routes.personal import Masks
from danlu.serve.state.database import Database
from danlu.serve.wire.errors import ApiError

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers(
    id TEXT PRIMARY KEY, at REAL NOT NULL, caller TEXT NOT NULL, model TEXT NOT NULL, asked BLOB NOT NULL, answered TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS answers_at ON answers(at);
CREATE TABLE IF NOT EXISTS feedback(
    answer TEXT PRIMARY KEY REFERENCES answers(id), at REAL NOT NULL, rating TEXT NOT NULL, correction TEXT NOT NULL, comment TEXT NOT NULL,
    tags BLOB NOT NULL) STRICT;
"""
_CLEANED_EVERY_S = 3_600.0
_NEXT_STEP = Phrase("Is it the file of a gateway?")
Rating = Literal["up", "down", ""]


@dataclass(frozen=True)
class Opinion:
    """What somebody thinks of an answer; empty is nothing said."""

    rating: Rating = ""
    correction: str = ""
    """The answer as it should have been."""
    comment: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """An answer with what was thought of it."""

    answer: str
    at: float
    """When it was judged, seconds since 1970."""
    model: str
    messages: list[dict[str, str]]
    answered: str
    opinion: Opinion


class Feedback:
    """An observer that keeps answers for so many days, and takes opinions about them."""

    def __init__(self, database: Database, keep_days: float) -> None:
        self._database = database
        self._keep_s = keep_days * 86_400
        self._cleaned_s = 0.0

    def __call__(self, exchange: Exchange) -> None:
        """Keep an answer that was made as it was asked for."""
        decided = {verdict for _, verdict in exchange.verdicts}
        if exchange.status == 200 and exchange.answer_id and exchange.shown and not decided & {"refuse", "cut"}:
            facts = exchange.answer_id, time.time(), exchange.caller.name, exchange.model
            asked, answered = exchange.asked, "".join(exchange.shown)
            # In the writer's thread: a long answer takes a while to look through.
            self._database.post(lambda connection: self._keep(connection, facts, asked, answered))

    async def take(self, answer_id: str, caller: str, opinion: Opinion) -> None:
        """Write an opinion down in place of an earlier one. Raises ApiError 404 for an answer that is not this caller's, or not kept."""
        found = await self._database.run(lambda connection: _judge(connection, answer_id, caller, opinion))
        if not found:
            message = f"There is no answer '{answer_id[:80]}' of yours here; answers are kept for {self._keep_s / 86_400:g} days."
            raise ApiError(404, message, code="answer_not_found", param="answer_id")

    def _keep(
        self, connection: sqlite3.Connection, facts: tuple[Any, ...], asked: Sequence[Message], answered: str
    ) -> None:
        texts = [*(message.content for message in asked), answered]
        masks = Masks(texts)
        *masked, answered = [masks.masked(number, text) for number, text in enumerate(texts)]
        messages = [{"role": message.role, "content": text} for message, text in zip(asked, masked, strict=True)]
        connection.execute(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?)", (*facts, orjson.dumps(messages), answered)
        )
        now_s = facts[1]
        if now_s - self._cleaned_s > _CLEANED_EVERY_S:
            self._cleaned_s = now_s
            old = "DELETE FROM answers WHERE at < ? AND id NOT IN (SELECT answer FROM feedback)"
            connection.execute(old, (now_s - self._keep_s,))


def _judge(connection: sqlite3.Connection, answer_id: str, caller: str, opinion: Opinion) -> bool:
    row = connection.execute("SELECT 1 FROM answers WHERE id = ? AND caller = ?", (answer_id, caller)).fetchone()
    if row is None:
        return False
    texts = [opinion.correction, opinion.comment]
    masks = Masks(texts)
    masked = [masks.masked(number, text) for number, text in enumerate(texts)]
    values = answer_id, time.time(), opinion.rating, *masked, orjson.dumps(opinion.tags)
    connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?, ?)", values)
    return True


def judged(path: Path) -> Iterator[Judged]:
    """Every answer that was judged, oldest opinion first. Raises UserError where the file cannot be read."""
    if not path.exists():
        raise UserError("{path} is not there", "The gateway makes it at its first start.", path=path)
    sql = """SELECT answer, feedback.at, model, asked, answered, rating, correction, comment, tags
        FROM feedback JOIN answers ON answers.id = answer ORDER BY feedback.at"""
    with using(path, _NEXT_STEP):
        connection = read_only(path)
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feedback'").fetchone():
                return
            for answer, at, model, asked, answered, rating, correction, comment, tags in connection.execute(sql):
                opinion = Opinion(rating, correction, comment, tuple(orjson.loads(tags)))
                yield Judged(answer, at, model, orjson.loads(asked), answered, opinion)
        finally:
            connection.close()


def learnt(row: Judged) -> Iterator[tuple[str, dict[str, Any]]]:
    """What can be learnt from an opinion: the file that it belongs to, and its row.

    A correction is an example of its own, and preferred to what was answered; a thumb says of one answer that it was good or bad.
    """
    source = {
        "source": {
            "answer": row.answer,
            "model": row.model,
            "tags": list(row.opinion.tags),
            "comment": row.opinion.comment,
        }
    }
    if row.opinion.correction:
        right = {"role": "assistant", "content": row.opinion.correction}
        yield "corrections.jsonl", {"messages": [*row.messages, right], **source}
        if row.opinion.correction != row.answered:
            pair = {"chosen": row.opinion.correction, "rejected": row.answered}
            yield "preferences.jsonl", {"messages": row.messages, **pair, **source}
    if row.opinion.rating:
        thumb = {"completion": row.answered, "label": row.opinion.rating == "up"}
        yield "ratings.jsonl", {"messages": row.messages, **thumb, **source}
