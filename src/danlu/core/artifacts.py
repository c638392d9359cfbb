"""Artifacts: write-once folders with a manifest, one frozen class per kind.

`manifest.json` holds deterministic facts only and is written last: a folder without one is no artifact.
`run.json` beside it holds what a run cost (times, memory, machine); it is never compared and never identity.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.hashing import hash_content, short_id

MANIFEST = "manifest.json"
RUN = "run.json"
SEEN = "seen.json"
BEFORE = "before"
"""In the folder of a stand-alone command: what each stage before the last one rejected and changed."""
FACTS_FILES = (MANIFEST, RUN, SEEN, BEFORE)
"""Beside the content: what is known about an artifact, not part of it."""


def identify(
    stage: str,
    version: int,
    config: Mapping[str, Any],
    parents: Mapping[str, str],
    seed: int,
    runtime: Mapping[str, str],
) -> str:
    """The id of what a stage makes, from all that shapes it."""
    return short_id([stage, version, config, parents, seed, runtime])


@dataclass(frozen=True)
class Manifest:
    """What an artifact is: its identity, its parents and its content."""

    id: str
    kind: str
    stage: str
    version: int
    config: Mapping[str, Any]
    seed: int
    parents: Mapping[str, str]
    runtime: Mapping[str, str]
    content_hash: str
    counts: Mapping[str, int] = field(default_factory=dict)
    licences: tuple[str, ...] = ()
    note: str = ""

    def identity(self) -> str:
        """The id that follows from the facts."""
        return identify(self.stage, self.version, self.config, self.parents, self.seed, self.runtime)

    def to_json(self) -> str:
        """The manifest as it lies on disk. Facts keep their order: a stage names its counts in the order of its work."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of the artifact in `folder`; raises UserError when it is none of ours, or damaged."""
        try:
            facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return cls(**{**facts, "licences": tuple(facts["licences"])})
        except (ValueError, KeyError, TypeError):
            raise UserError(
                "{path} is not a manifest of danlu",
                "If danlu wrote this folder, delete it: `danlu run` makes it again.",
                path=folder / MANIFEST,
            ) from None


@dataclass(frozen=True)
class Artifact:
    """A finished artifact on disk."""

    path: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """The id that follows from what it was made of."""
        return self.manifest.id

    def content_is_intact(self) -> bool:
        """Read everything again: the content has the hash of the manifest, and the manifest's facts give its id."""
        try:
            same = hash_content(self.path, FACTS_FILES) == self.manifest.content_hash
        except sqlite3.DatabaseError:  # so damaged that its rows cannot be read
            return False
        return same and self.manifest.identity() == self.id


class Inside:
    """A file or folder that every artifact of a kind has, at the same place."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, artifact: Artifact, kind: type[Artifact]) -> Path:
        return artifact.path / self._name


class Files(Artifact):
    """The collected source files: which are readable and what they are. The files themselves stay where they lie."""

    table = Inside("files.parquet")
    """Parquet: doc_id, source, sha256, size_bytes, media_type, licence."""

    def seen(self) -> dict[str, str]:
        """When each source was collected, ISO 8601: no identity, kept beside the content."""
        path = self.path / SEEN
        times: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return times


class Corpus(Artifact):
    """Documents with their text, in parts below `documents`; `rejects` and `edits` say what was not kept or changed."""

    documents = Inside("documents")
    """A folder of Parquet parts: the document record (danlu.text.records)."""


class Chats(Artifact):
    """Questions and conversations made from the documents, split so that nothing crosses from training to testing."""

    questions = Inside("questions.jsonl")
    """JSON Lines: heading questions with their sections and their split."""

    train = Inside("train.jsonl")
    """JSON Lines: conversations to train on."""

    held_out = Inside("held_out.jsonl")
    """JSON Lines: conversations that never train or calibrate anything."""


class Preferences(Artifact):
    """Prompts with replies that are better, worse, good or bad, or with what a reward function asks for, in two sides."""

    train = Inside("train.jsonl")
    """JSON Lines: rows to train on."""

    held_out = Inside("held_out.jsonl")
    """JSON Lines: rows that measure; no prompt of theirs is trained on."""


class Checkpoint(Artifact):
    """Model weights in the form that the field's libraries load; empty but for `skipped.json` when training was skipped."""

    @property
    def skipped(self) -> str:
        """Why there are no weights, or an empty string when there are."""
        path = self.path / "skipped.json"
        return str(json.loads(path.read_text(encoding="utf-8"))["reason"]) if path.exists() else ""


class Index(Artifact):
    """Passages, lexical and dense legs, their weights and the refusal gate, in one SQLite file, and the encoder."""

    database = Inside("index.sqlite")
    """The database that is served: headings are searchable."""

    encoder = Inside("encoder")
    """The folder of the encoder that made the vectors."""

    blind = Inside("blind.sqlite")
    """The same passages without headings, on which heading questions are scored."""


class Report(Artifact):
    """Measured figures, as data."""

    def read(self) -> dict[str, Any]:
        """The report's figures."""
        facts: dict[str, Any] = json.loads((self.path / "report.json").read_text(encoding="utf-8"))
        return facts


class Release(Artifact):
    """What is served: the ids and content hashes of its parts, the checks that they passed, and models that are withheld."""

    def read(self) -> dict[str, Any]:
        """The release's parts and checks."""
        facts: dict[str, Any] = json.loads((self.path / "release.json").read_text(encoding="utf-8"))
        return facts


class Labels(Artifact):
    """Labels of documents, with who or what gave them; `rejects` says which documents or answers gave none, and why."""

    labels = Inside("labels")
    """A folder of Parquet parts: the label record (danlu.data.label.records)."""

    def names(self) -> list[str]:
        """The labels that could be given, in the order of each row's `distribution`."""
        names: list[str] = json.loads((self.path / "names.json").read_text(encoding="utf-8"))
        return names


class TokenShards(Artifact):
    """Documents or conversations as token ids, part by part, that training maps into memory (danlu.loop.shards)."""


class TextClassifier(Artifact):
    """Weights of a linear classifier of texts, in `weights.npy`, and how well it does on texts it did not see, in `report.json`."""


class Examples(Artifact):
    """Examples for a head, `train.jsonl` and `held_out.jsonl`, with what they refer to; `rejects` says what gave none, and why."""

    train = Inside("train.jsonl")
    """JSON Lines to learn from."""

    held_out = Inside("held_out.jsonl")
    """JSON Lines that only measure."""


class Vocabulary(Artifact):
    """A tokenizer (`tokenizer.json` and what Transformers reads beside it) and, in `report.json`, what it costs by language."""

    def read(self) -> dict[str, Any]:
        """The report's figures."""
        facts: dict[str, Any] = json.loads((self.path / "report.json").read_text(encoding="utf-8"))
        return facts


KINDS: dict[str, type[Artifact]] = {
    kind.__name__: kind
    for kind in (
        Files,
        Corpus,
        Chats,
        Preferences,
        Checkpoint,
        Index,
        Report,
        Release,
        Labels,
        TextClassifier,
        Vocabulary,
        TokenShards,
        Examples,
    )
}
