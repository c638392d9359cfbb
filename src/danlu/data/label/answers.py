"""What people are asked and what they answered, in one form for every tool that they work in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.hashing import hash_file
from danlu.data.label.records import Label, Span

FORMATS = ("label-studio", "argilla", "csv")


@dataclass(frozen=True)
class Task:
    """A document to label, with the labels that it has so far, the most probable first."""

    doc_id: str
    text_hash: str
    source: str
    text: str
    labels: Sequence[Label] = ()
    beside: Mapping[str, str | float] = field(default_factory=dict)
    """Shown to the annotator: the label that is under suspicion, say. Every task has the same names."""


@dataclass(frozen=True)
class Answer:
    """One annotator's answer to one task, or the fact that there is none."""

    place: str
    """Where in the file, such as `task 12`."""
    doc_id: str = ""
    text_hash: str = ""
    """As the task was exported with; empty when it came from elsewhere."""
    text: str = ""
    """The text that the annotator saw; empty when the file does not hold it."""
    annotator: str = ""
    labels: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    state: str = "answered"
    """answered, skipped, or waiting: nobody has answered yet."""
    offered: tuple[str, ...] = ()
    """The labels that the annotator was to choose from; empty where the file does not say."""


@dataclass(frozen=True)
class AnswerFile:
    """A file of a labelling tool, or Argilla's folder with `records.json`: it enters identity by its content."""

    path: Path
    format: str

    @property
    def file(self) -> Path:
        """The file that is read."""
        return self.path / "records.json" if self.path.is_dir() else self.path

    def content_hash(self) -> str:
        """SHA-256; raises UserError when there is no such file."""
        if not self.file.is_file():
            raise UserError("No such file: {path}", "Name what the labelling tool exported.", path=self.file)
        return hash_file(self.file)

    def read(self) -> list[Answer]:
        """All answers; raises UserError when the file is not of its format."""
        from danlu.data.label import argilla, comma_separated, label_studio

        readers = {"label-studio": label_studio.read, "argilla": argilla.read, "csv": comma_separated.read}
        return readers[self.format](self.file)


def read_json_list(path: Path, tool: str) -> list[dict[str, Any]]:
    """A JSON file that is a list of objects; raises UserError otherwise."""
    try:
        read = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, ValueError) as error:
        raise UserError("{path} is not JSON: {problem}", path=path, problem=str(error)) from None
    if not isinstance(read, list) or not all(isinstance(entry, dict) for entry in read):
        raise UserError(
            "{path} is no list of tasks of {tool}", "Export as JSON, not as JSON Lines or a converted format.",
            path=path, tool=tool,
        )  # fmt: skip
    return read


def wrong_shape(path: Path, place: str, tool: str, expected: str) -> UserError:
    """The error for an entry that is not as the tool writes it."""
    return UserError(
        "{path}, {place}: this is not as {tool} writes it: {expected} is missing or of another kind",
        "Export once more, in the format that --from names.",
        path=path,
        place=place,
        tool=tool,
        expected=expected,
    )
