"""Labelling functions: small rules of thumb that vote for a label or abstain (Ratner et al. 2016, arXiv 1605.07723).

They come from one file. YAML states conditions and runs nothing:

    labels: [spam, ham]
    functions:
      - {name: prize, label: spam, keywords: [free money, 中奖]}
      - {name: reply, label: ham, regex: "(?m)^> ", unless: {keywords: [unsubscribe]}}

Python has functions of a Document that return a label's name or None, named by `FUNCTIONS = [...]` or marked by
`@labelling_function`, beside `LABELS = [...]`. It is the user's own program: it runs only where it is named, in the
worker processes, with all rights of the user.
"""

import runpy
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.hashing import hash_file
from danlu.data.label.conditions import Condition, Matcher, check_regex
from danlu.data.label.stated import read_stated
from danlu.text.records import Document

MAX_LABELS = 255
"""A vote is a byte: 0 for none, 1 + the label's place."""
PythonFunction = Callable[[Document], str | None]
_MARK = "is_labelling_function"


def labelling_function(function: PythonFunction) -> PythonFunction:
    """Mark a function of a labelling file: it takes a Document and returns a label's name, or None to abstain."""
    setattr(function, _MARK, True)
    return function


class Rule(Condition):
    """One function of a YAML file: a name, the label that it votes for, and when."""

    name: str
    label: str
    unless: Condition | None = None
    """The function abstains where this holds too."""


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    labels: tuple[str, ...]
    functions: tuple[Rule, ...]


_NOTHING = Condition.model_validate({})
_NEEDED = Phrase("The file needs `labels: [...]` and `functions:` with a name, a label and a condition each.")


@dataclass(frozen=True)
class FunctionFile:
    """A file of labelling functions: it enters identity by its content."""

    path: Path

    def content_hash(self) -> str:
        """SHA-256 of the file; raises UserError when there is none."""
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Name a file of labelling functions, .yaml or .py.", path=self.path)
        return hash_file(self.path)

    def load(self) -> "Functions":
        """The functions; raises UserError that names the entry which is wrong."""
        hashed = self.content_hash()
        return _load(self.path, hashed)


@dataclass(frozen=True)
class Functions:
    """Named functions that vote for labels."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    vote: Callable[[Document], list[str | None]]
    """The label each function votes for, in the order of names."""

    def votes(self, documents: Sequence[Document]) -> NDArray[np.uint8]:
        """The votes as bytes, one row for each document."""
        numbers = {None: 0} | {label: place + 1 for place, label in enumerate(self.labels)}
        rows = [[numbers[label] for label in self.vote(document)] for document in documents]
        return np.array(rows, np.uint8).reshape(len(documents), len(self.names))


@cache
def _load(path: Path, _hashed: str) -> Functions:
    """Once in each process, and again when the file has changed."""
    return _from_python(path) if path.suffix == ".py" else _from_yaml(path)


def _from_yaml(path: Path) -> Functions:
    stated = read_stated(path, _Stated, _NEEDED)
    _check_names(path, stated.labels, [rule.name for rule in stated.functions])
    for rule in stated.functions:
        place = f"{path}: {rule.name}"
        if rule.label not in stated.labels:
            raise _unknown_label(place, rule.label, stated.labels)
        if not rule.states_something:
            raise UserError(
                "{place} states no condition and would vote on every document",
                "Give keywords, regex, meta, min_characters, max_characters or language.",
                place=place,
            )
        for condition in filter(None, (rule, rule.unless)):
            check_regex(condition.regex, place)
    rules = stated.functions
    unless = [rule.unless or _NOTHING for rule in rules]
    matcher = Matcher([*rules, *unless])

    def vote(document: Document) -> list[str | None]:
        holding = matcher.holding(document)
        excepted = [rule.unless is not None and holding[len(rules) + at] for at, rule in enumerate(rules)]
        return [rule.label if holding[at] and not excepted[at] else None for at, rule in enumerate(rules)]

    return Functions(stated.labels, tuple(rule.name for rule in rules), vote)


def _from_python(path: Path) -> Functions:
    try:
        module = runpy.run_path(str(path), run_name="labelling_functions")
    except Exception as error:  # noqa: BLE001 (the user's own program: whatever it raises is told)
        raise UserError(
            "{path} cannot be run: {problem}",
            path=path,
            problem="".join(traceback.format_exception_only(error)).strip(),
        ) from None
    listed = module.get("FUNCTIONS") or [value for value in module.values() if getattr(value, _MARK, False)]
    labels = tuple(map(str, module.get("LABELS", ())))
    names = tuple(function.__name__ for function in listed)
    _check_names(path, labels, names)

    def vote(document: Document) -> list[str | None]:
        return [_called(path, function, document, labels) for function in listed]

    return Functions(labels, names, vote)


def _called(path: Path, function: PythonFunction, document: Document, labels: tuple[str, ...]) -> str | None:
    try:
        label = function(document)
    except Exception as error:  # noqa: BLE001 (the user's own program: whatever it raises is told)
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), None)
        raise WorkFailed(
            "{path}, line {line}: {function} failed on document {doc_id} ({source}): {problem}",
            "Correct the function, or let it return None where it cannot tell.",
            path=path,
            line=line,
            function=function.__name__,
            doc_id=document.doc_id,
            source=document.source,
            problem="".join(traceback.format_exception_only(error)).strip(),
        ) from None
    if label is not None and label not in labels:
        raise WorkFailed(
            "{path}: {function} returned {label!r} for document {doc_id}, which is none of {labels}",
            "Return one of LABELS, or None to abstain.",
            path=path,
            function=function.__name__,
            label=label,
            doc_id=document.doc_id,
            labels=", ".join(labels),
        )
    return label


def _check_names(path: Path, labels: Sequence[str], names: Sequence[str]) -> None:
    if not 2 <= len(set(labels)) == len(labels) <= MAX_LABELS:
        raise UserError(
            "{path} has {count} labels, or one twice", "Give 2 to 255 different labels.", path=path, count=len(labels)
        )
    if not names:
        raise UserError(
            "{path} has no labelling functions",
            "In Python, list them in FUNCTIONS or mark each with @labelling_function.",
            path=path,
        )
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise UserError("{path} has two functions named {name}", "Give each its own name.", path=path, name=twice)


def _unknown_label(place: str, label: str, labels: Sequence[str]) -> UserError:
    return UserError(
        "{place} votes for {label!r}, which is none of {labels}",
        "Correct it, or add it to `labels:`.",
        place=place,
        label=label,
        labels=", ".join(labels),
    )
