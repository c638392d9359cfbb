"""Reward functions of GRPO: what a sampled reply is worth. A few are built in; a user's own is a function in a file.

    exact                 1 when the reply, white space folded, is the row's field `answer`, else 0
    contains              1 when the row's field `answer` stands in the reply, else 0
    length:N              1 up to N characters, then falling in proportion: N / characters
    pattern:REGEX         1 when the regular expression matches the whole reply, else 0
    FILE.py:FUNCTION      what FUNCTION(messages, reply, row) returns: a number

`messages` is the prompt as a list of {role, content}, `reply` the text that was sampled without special tokens, `row`
a dictionary of the line's other fields. Several rewards are added up.
"""

import importlib.util
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_facts, hash_file
from danlu.model.chat import Message
from danlu.model.template import read_json
from danlu.train.align.rows import Row

Score = Callable[[Sequence[Message], str, Mapping[str, Any]], float]
"""Messages of the prompt, the reply, and the row's other fields, to a number."""

_KNOWN = "Expected exact, contains, length:N, pattern:REGEX or FILE.py:FUNCTION."
_FILE = re.compile(r"(.+\.py):([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Rewards:
    """What replies are scored by. A user's file enters identity by its content, wherever it lies."""

    specs: tuple[str, ...]

    def content_hash(self) -> str:
        """A hash of the built-in rewards' names and of the sources of the user's own."""
        return hash_facts([_identity(spec) for spec in self.specs])

    def load(self) -> Score:
        """The sum of the rewards; raises UserError for one that is not known, or a file that has no such function."""
        scores = [(spec, _load(spec)) for spec in self.specs]

        def total(messages: Sequence[Message], reply: str, row: Mapping[str, Any]) -> float:
            return sum(_checked(spec, score, messages, reply, row) for spec, score in scores)

        return total

    def check_rows(self, rows: Sequence[Row]) -> None:
        """Raises UserError, with the line, for a row that lacks the answer which a reward compares with."""
        if not {"exact", "contains"} & set(self.specs):
            return
        for row in rows:
            if not isinstance(row.fields.get("answer"), str):
                raise UserError(
                    "line {line}: answer is {value}: expected text, which the reward compares with",
                    "Add the field, or choose another --reward.",
                    line=row.line,
                    value=row.fields.get("answer"),
                )


def is_reward_model(folder: Path) -> bool:
    """Whether config.json says that the model classifies sequences."""
    names = read_json(folder / "config.json").get("architectures") or [""]
    return str(names[0]).endswith("ForSequenceClassification")


def check_reward_model(folder: Path) -> None:
    """Raises UserError when the folder holds no model that gives one number for a sequence."""
    labels = len(read_json(folder / "config.json").get("id2label") or ())
    if not is_reward_model(folder) or labels != 1:
        raise UserError(
            "{folder} is no reward model: expected a sequence classifier with one label, found {found} with {labels}",
            "`danlu align --method reward` makes one.",
            folder=folder,
            found=", ".join(read_json(folder / "config.json").get("architectures") or ["none"]),
            labels=labels,
        )


def _identity(spec: str) -> list[str]:
    file = _FILE.fullmatch(spec)
    return [hash_file(Path(file[1])), file[2]] if file else [spec]


def _load(spec: str) -> Score:
    name, colon, argument = spec.partition(":")
    if spec == "exact":
        return _exact
    if spec == "contains":
        return lambda messages, reply, row: float(row["answer"] in reply)
    if name == "length" and argument.isdecimal() and int(argument):
        longest = int(argument)
        return lambda messages, reply, row: min(1.0, longest / max(1, len(reply)))
    if name == "pattern" and colon:
        pattern = _pattern(argument)
        return lambda messages, reply, row: float(pattern.fullmatch(reply) is not None)
    file = _FILE.fullmatch(spec)
    if file is None:
        raise UserError("--reward {reward} is not known", _KNOWN, reward=spec)
    return _of_file(Path(file[1]), file[2])


def _exact(messages: Sequence[Message], reply: str, row: Mapping[str, Any]) -> float:
    return float(" ".join(reply.split()) == " ".join(str(row["answer"]).split()))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        raise UserError(
            "--reward pattern:{pattern} is no regular expression: {problem}", _KNOWN, pattern=text, problem=error
        ) from None


def _of_file(path: Path, function: str) -> Score:
    if not path.is_file():
        raise UserError("--reward: no such file: {path}", _KNOWN, path=path)
    spec = importlib.util.spec_from_file_location(f"reward_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  # the user's own code may raise anything
        raise UserError(
            "--reward: {path} cannot be read: {problem}", "Correct the file.", path=path, problem=_said(error)
        ) from None
    found = getattr(module, function, None)
    if not callable(found):
        raise UserError(
            "--reward: {path} has no function {function}",
            "Define it: def {function}(messages, reply, row) -> float",
            path=path,
            function=function,
        )
    return lambda messages, reply, row: found([dict(message) for message in messages], reply, dict(row))


def _checked(spec: str, score: Score, messages: Sequence[Message], reply: str, row: Mapping[str, Any]) -> float:
    """A finite number; raises WorkFailed when the function raises or returns something else."""
    try:
        value = score(messages, reply, row)
    except Exception as error:  # the user's own code may raise anything
        raise WorkFailed(
            "the reward {reward} failed on the reply {reply!r}: {problem}",
            "Correct the function; what was trained until then is kept.",
            reward=spec,
            reply=reply[:80],
            problem=_said(error),
        ) from error
    if not isinstance(value, bool | int | float) or not math.isfinite(value):
        raise WorkFailed(
            "the reward {reward} of the reply {reply!r} is {value!r}: expected a finite number",
            "Correct the function; what was trained until then is kept.",
            reward=spec,
            reply=reply[:80],
            value=value,
        )
    return float(value)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
