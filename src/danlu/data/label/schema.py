"""What a model is told of the labels: a question, and each label with its definition and examples.

question: Is this mail unwanted advertising?
labels:
  - {name: spam, definition: Unasked-for advertising or fraud., examples: ["You have won!"]}
  - {name: ham, definition: Anything that its reader asked for or knows the sender of.}
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from danlu.core.errors import Phrase, UserError
from danlu.core.hashing import hash_file
from danlu.data.label.stated import read_stated

NONE = "none"
"""What a model answers when no label fits: it abstains."""
_NEEDED = Phrase("The file needs `question:` and `labels:` with a name and a definition each.")


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
        schema = read_stated(self.path, LabelSchema, _NEEDED)
        names = schema.names
        if len(set(names)) != len(names) or len(names) < 2 or NONE in names:
            raise UserError(
                "{path} has the labels {names}",
                "Give 2 or more different labels; `none` is what the model says when no label fits.",
                path=self.path,
                names=", ".join(names),
            )
        return schema
