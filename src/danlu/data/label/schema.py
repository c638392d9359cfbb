"""What a model is told of the labels: a question, and each label with its definition and examples.

question: Is this mail unwanted advertising?
labels:
  - {name: spam, definition: Unasked-for advertising or fraud., examples: ["You have won!"]}
  - {name: ham, definition: Anything that its reader asked for or knows the sender of.}
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from danlu.core.errors import UserError
from danlu.core.hashing import hash_file

NONE = "none"
"""What a model answers when no label fits: it abstains."""


class LabelMeaning(BaseModel):
    """One label."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    definition: str
    examples: tuple[str, ...] = ()


class LabelSchema(BaseModel):
    """The question and its labels."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    question: str
    labels: tuple[LabelMeaning, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return tuple(label.name for label in self.labels)


@dataclass(frozen=True)
class SchemaFile:
    """A YAML file with a label schema: it enters identity by its content."""

    path: Path

    def content_hash(self) -> str:
        """SHA-256; raises UserError when there is no such file."""
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Name a label schema in YAML.", path=self.path)
        return hash_file(self.path)

    def load(self) -> LabelSchema:
        """The schema; raises UserError that names what is wrong in it."""
        self.content_hash()
        try:
            read = yaml.safe_load(self.path.read_text(encoding="utf-8"))
            schema = LabelSchema.model_validate(_tuples(read))
        except UnicodeDecodeError as error:
            raise UserError("{path} is not UTF-8: {error}", "Save it as UTF-8.", path=self.path, error=error) from None
        except yaml.YAMLError as error:
            raise UserError("{path} is not YAML: {problem}", path=self.path, problem=str(error)) from None
        except ValidationError as error:
            first = error.errors()[0]
            raise UserError(
                "{path}: {place}: {problem}",
                "The file needs `question:` and `labels:` with a name and a definition each.",
                path=self.path,
                place=".".join(str(part) for part in first["loc"]) or "file",
                problem=first["msg"],
            ) from None
        names = schema.names
        if len(set(names)) != len(names) or len(names) < 2 or NONE in names:
            raise UserError(
                "{path} has the labels {names}",
                "Give 2 or more different labels; `none` is what the model says when no label fits.",
                path=self.path,
                names=", ".join(names),
            )
        return schema


def _tuples(read: Any) -> Any:
    if isinstance(read, list):
        return tuple(map(_tuples, read))
    return {key: _tuples(value) for key, value in read.items()} if isinstance(read, dict) else read
