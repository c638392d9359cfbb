"""A project's mutable state: which release is current, and every answer that was given."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from danlu.answer.uses.promotion import check_untainted
from danlu.core.artifacts import Artifact, Index, Release
from danlu.core.databases import connect, using
from danlu.core.errors import Phrase, UserError
from danlu.core.project import Project
from danlu.core.store import Store, open_artifact, write_atomically

_SCHEMA = """CREATE TABLE IF NOT EXISTS answers(
  answer_id TEXT PRIMARY KEY, asked_at TEXT, release TEXT, question TEXT, answer TEXT)"""


CURRENT = "current.json"
"""The file that names the current release."""


@dataclass(frozen=True)
class State:
    """Files below `.danlu/state/`."""

    folder: Path

    @classmethod
    def of(cls, project: Project) -> "State":
        """The state of a project; its folder is made when missing."""
        folder = project.state / "state"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    @property
    def keys(self) -> Path:
        """The database of access keys."""
        return self.folder / "keys.db"

    def make_current(self, release: Release) -> None:
        """Serve this release from now on; raises WorkFailed when it used a document that was forgotten."""
        check_untainted(self.folder, release)
        write_atomically(self.folder / CURRENT, json.dumps({"release": release.id}) + "\n")

    def has_release(self) -> bool:
        """Whether anything was released."""
        return (self.folder / CURRENT).exists()

    def current(self) -> str:
        """The id of the current release; raises UserError when nothing was released."""
        path = self.folder / CURRENT
        if not path.exists():
            raise UserError("This project has no release yet", "`danlu run` makes one.")
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["release"])
        except (ValueError, KeyError, TypeError):
            raise UserError("{path} is damaged", "`danlu run` writes it again.", path=path) from None

    def record(self, answer_id: str, release: str, question: str, answer: dict[str, Any]) -> None:
        """Keep an answer under its id."""
        row = (
            answer_id,
            datetime.now(UTC).isoformat(timespec="seconds"),
            release,
            question,
            json.dumps(answer, ensure_ascii=False),
        )
        with self._answers() as connection, connection:
            connection.execute("INSERT INTO answers VALUES (?,?,?,?,?)", row)

    def withhold(self, answer_id: str) -> None:
        """Note that an answer was recorded and not shown."""
        query = "UPDATE answers SET answer = json_set(answer, '$.withheld', json('true')) WHERE answer_id = ?"
        with self._answers() as connection, connection:
            connection.execute(query, (answer_id,))

    def recorded(self, answer_id: str) -> dict[str, Any]:
        """An answer with its question, time and release; raises UserError when there is none with this id."""
        with self._answers() as connection:
            row = connection.execute("SELECT * FROM answers WHERE answer_id = ?", (answer_id,)).fetchone()
        if row is None:
            raise UserError(
                "No answer has the id {id}", "`danlu ask` and the server print the id of each answer.", id=answer_id
            )
        return {
            "answer_id": row[0],
            "asked_at": row[1],
            "release": row[2],
            "question": row[3],
            "answer": json.loads(row[4]),
        }

    @contextmanager
    def _answers(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / "answers.db"
        next_step = Phrase("Move it away: a new one is made, and earlier answers cannot be traced without it.")
        with using(path, next_step), closing(connect(path, timeout_s=10)) as connection:
            connection.execute(_SCHEMA)
            yield connection


def current_index(project: Project) -> Index:
    """The index of the current release; raises UserError when there is no release, or a part of it is gone."""
    store = Store(project.artifacts)
    release = open_artifact(store.root / "release" / State.of(project).current(), Release)
    index = parts_of(store, release)["index"]
    assert isinstance(index, Index)
    return index


def parts_of(store: Store, release: Release) -> dict[str, Artifact]:
    """The artifacts that a release names; raises UserError when one is gone."""
    parts = release.read()["parts"]
    return {name: open_artifact(store.root / part["stage"] / part["id"]) for name, part in parts.items()}
