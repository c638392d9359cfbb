"""Take a forgotten document out of the recorded answers: the quote and the text go, the id and what happened stay.

An answer stays as a row, since its id was given to somebody who may ask `danlu why`: that it was answered, when, by which release, and from which
place of which source, is what an auditor needs; the words are what had to be forgotten. Quotes of other documents in the same
answer stay. A question stays too, as its asker's own words, unless it quotes the document.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.answer.forgetting.traces import Quotes
from danlu.core.databases import connect, empty_log, using
from danlu.core.errors import Phrase

_TIMEOUT_S = 30
_NEXT_STEP = Phrase("Move it away: a new one is made, and earlier answers cannot be traced without it.")
_PLACE = frozenset(("source", "passage_id", "doc_id", "section", "language"))
"""What stays of a citation, with its numbers."""

OrderOf = Callable[[dict[str, Any]], int]
"""The number of the order that covers a citation; 0 for none."""


@dataclass(frozen=True)
class Redacted:
    """What became of the recorded answers."""

    ids: tuple[str, ...] = ()
    """Of the answers that were changed."""
    log_is_emptied: bool = True
    """False when somebody read in the database's log all the time: the words may still lie there."""


def redact_answers(
    database: Path, order_of: OrderOf, quotes: Quotes, order: int, wait_s: float = _TIMEOUT_S
) -> Redacted:
    """Redact: where an order covers a citation, and what quotes the documents of `order`. No word is left in the file or its log.

    Raises UserError when the database is damaged, and WorkFailed when it stays locked for `wait_s` seconds.
    """
    if not database.exists():
        return Redacted()
    with using(database, _NEXT_STEP), closing(connect(database, wait_s, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        try:
            changed = _redact(connection, order_of, quotes, order)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        # An earlier change of a row may have left its words in a free page: the file is written anew, and its log is emptied.
        connection.execute("VACUUM")
        return Redacted(tuple(changed), empty_log(connection))


def _redact(connection: sqlite3.Connection, order_of: OrderOf, quotes: Quotes, order: int) -> list[str]:
    changed = []
    for answer_id, question, said in connection.execute("SELECT answer_id, question, answer FROM answers").fetchall():
        answer = json.loads(said)
        cited = max(map(order_of, answer.get("citations", ())), default=0)
        shown = max(map(order_of, answer.get("closest", ())), default=0)
        asked = "" if quotes.are_in(question) else question
        after = _without(answer, order_of, quotes)
        if cited and answer["answer"]:
            after["answer"] = ""
            after.pop("conflicts", None)  # they quote clauses, shorter than what is known again
        if cited or shown:
            after.pop("understood", None)  # words as the document writes them
        if (asked, after) != (question, answer):
            after["redacted"] = cited or shown or order
            row = (asked, json.dumps(after, ensure_ascii=False), answer_id)
            connection.execute("UPDATE answers SET question = ?, answer = ? WHERE answer_id = ?", row)
            changed.append(answer_id)
    return changed


def _without(said: Any, order_of: OrderOf, quotes: Quotes) -> Any:
    """A record's JSON without the document's words, at whatever depth they stand."""
    if isinstance(said, dict):
        if "source" in said and order_of(said):
            return {
                name: "" if isinstance(value, str) and name not in _PLACE else value for name, value in said.items()
            }
        if "source" in said and "quote" in said:
            return said  # a quote of a document that stays, though both may say the same
        return {name: _without(value, order_of, quotes) for name, value in said.items()}
    if isinstance(said, list):
        return [_without(one, order_of, quotes) for one in said]
    return "" if isinstance(said, str) and quotes.are_in(said) else said
