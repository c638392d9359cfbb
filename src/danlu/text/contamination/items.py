"""Evaluation items of many benchmarks: what is asked, in which context, with which choices, and the answer.

The names of the fields are those of the public data sets: GSM8K, MATH, SQuAD, TriviaQA, MMLU, ARC, HellaSwag, C-Eval, CMMLU,
HumanEval, MBPP, MT-Bench, OpenAI evals, Alpaca, WinoGrande, PIQA, OpenBookQA, SciQ, GPQA. Their case does not matter.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.text.rows.rows import RejectedRow, raw_rows
from danlu.text.rows.shapes import Unfit, fit
from danlu.text.shingles import tokens

_TURNS = ("messages", "conversations", "conversation")
_ASKED = ("question", "prompt", "instruction", "problem", "query", "goal", "ctx", "turns", "input", "source", "text", "content", "question_stem", "sentence")  # fmt: skip
_CONTEXT = ("context", "passage", "article", "story", "document", "support")
_CHOICES = ("choices", "options", "endings", "candidates")
_ANSWERS = (
    "canonical_solution", "answer", "answers", "completion", "output", "response", "solution", "target", "targets", "ideal",
    "code", "correct_answer", "correct answer", "best_answer", "reference", "gold", "label", "answerkey", "chosen",
)  # fmt: skip
_LETTERS = "abcdefgh"
_NUMBERED = ("option", "sol", "distractor", "incorrect answer ")
"""Columns that hold one choice each, numbered from 1: WinoGrande, PIQA, SciQ, GPQA."""
FIELDS = (
    *_TURNS, *_ASKED, *_CONTEXT, *_CHOICES, *_ANSWERS, *_LETTERS, *(f"{name}{n}" for name in _NUMBERED for n in range(1, 9)),
)  # fmt: skip
"""Every name of a column that is read."""
_SPEAKERS = frozenset(("role", "from"))


@dataclass(frozen=True)
class Item:
    """One evaluation item; every text but `question` may be empty."""

    row: int
    """Counted from 1: the line of a file of JSON lines, the position in other files."""
    question: str
    shape: str
    choices: str = ""
    """All of them, one a line."""
    answer: str = ""
    """The text of the right choice where there are choices."""
    context: str = ""
    """A passage that the question is about."""

    @property
    def text(self) -> str:
        """Everything that makes the item, for its identity."""
        return "\n".join(part for part in (self.context, self.question, self.choices, self.answer) if part)


@dataclass(frozen=True)
class Items:
    """A file of evaluation items: every row is either an item or rejected."""

    items: tuple[Item, ...]
    rejected: tuple[RejectedRow, ...]
    shapes: Mapping[str, int]


def read_items(path: Path) -> Items:
    """Read JSON lines, a JSON array, a table, or a folder of `save_to_disk`. Raises UserError for what cannot be read or holds no item."""
    if not path.exists():
        raise UserError("{path}: no such file", "name a .jsonl, .json or .parquet file of evaluation items", path=path)
    return items_of(path, raw_rows(path))


def items_of(path: Path, rows: Iterable[tuple[int, object]]) -> Items:
    """The items of numbered rows that were read from `path`. Raises UserError when there is none among them."""
    items: list[Item] = []
    rejected: list[RejectedRow] = []
    for number, row in rows:
        try:
            items.append(_item(number, row))
        except Unfit as unfit:
            rejected.append(RejectedRow(number, unfit.reason))
    if not items and not rejected:
        raise UserError("{path} holds no rows", "name the file of the evaluation items", path=path)
    if not items:
        raise UserError(
            "{path} holds no evaluation items: {count} rows fit no shape",
            "rows such as {example} are expected",
            path=path,
            count=len(rejected),
            example='{"question": "...", "answer": "..."}',
        )
    return Items(tuple(items), tuple(rejected), dict(Counter(item.shape for item in items).most_common()))


@lru_cache(4096)
def digest(item: Item) -> str:
    """SHA-256 of an item's normalised text, by which a waiver can name it wherever it moves."""
    return hashlib.sha256(" ".join(tokens(item.text)).encode("utf-8", "surrogatepass")).hexdigest()


def strings(value: object) -> Iterator[str]:
    """Every text in a row, in order; who speaks (`role`, `from`) is no text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _SPEAKERS:
                yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def _item(number: int, row: object) -> Item:
    if isinstance(row, Unfit):
        raise row
    if isinstance(row, str):
        row = {"text": row}
    if not isinstance(row, dict):
        raise Unfit(Phrase("is a JSON {kind}, expected an object", kind=type(row).__name__))
    fields = {str(key).lower(): value for key, value in row.items() if value is not None}
    item = _conversation(number, row, fields) if any(name in fields for name in _TURNS) else _fields(number, fields)
    if not item.question.strip():
        raise Unfit(Phrase("asks nothing: its question is empty"))
    return item


def _conversation(number: int, row: Mapping[str, Any], fields: Mapping[str, Any]) -> Item:
    """The last reply is the answer; a system message is the benchmark's, not the item's."""
    try:
        messages = list(fit(row).messages)
    except Unfit:  # a prompt whose answer stands in a field of its own
        turns = next(fields[name] for name in _TURNS if name in fields)
        return Item(number, _text(turns), "messages", answer=_answer(_first(fields, _ANSWERS)))
    answer = messages.pop()["content"] if messages[-1]["role"] == "assistant" else ""
    asked = [message["content"] for message in messages if message["role"] != "system"]
    return Item(number, "\n".join(asked), "messages", answer=answer)


def _fields(number: int, fields: Mapping[str, Any]) -> Item:
    name = next((name for name in _ASKED if name in fields), None)
    if name is None:
        raise Unfit(
            Phrase(
                "fits no known shape: its columns are {columns}",
                columns=", ".join(sorted(map(str, fields))[:8]) or "none",
            )
        )
    question = _text(fields[name])
    if name == "instruction" and fields.get("input"):
        question = f"{question}\n{_text(fields['input'])}"
    answer_name = next((other for other in _ANSWERS if other in fields and other != name), None)
    choices = _choices(fields)
    answer = fields.get(answer_name) if answer_name else None
    return Item(
        number,
        question,
        _shape(name, answer_name, bool(choices)),
        "\n".join(choices),
        _chosen(answer, choices) if choices else _answer(answer),
        _text(_first(fields, _CONTEXT)),
    )


def _shape(asked: str, answer: str | None, has_choices: bool) -> str:
    if has_choices:
        return "multiple-choice"
    if answer == "canonical_solution":
        return "code"
    if answer is None:
        return "text" if asked in ("text", "content") else "question"
    return {"prompt": "prompt-completion", "instruction": "instruction"}.get(asked, "question-answer")


def _choices(fields: Mapping[str, Any]) -> list[str]:
    found = _first(fields, _CHOICES)
    if isinstance(found, dict):  # ARC: {"text": [...], "label": [...]}, or {"A": ..., "B": ...}
        found = found["text"] if isinstance(found.get("text"), list) else list(found.values())
    if isinstance(found, list):
        return [_text(choice) for choice in found]
    if {"a", "b"} <= set(fields):
        return [_text(fields[letter]) for letter in _LETTERS if letter in fields]
    numbered = (f"{name}{number}" for name in _NUMBERED for number in range(1, 9))
    return [_text(fields[name]) for name in numbered if name in fields]


def _chosen(answer: object, choices: list[str]) -> str:
    """The right choice, which the answer gives as an index, a letter or its text."""
    text = _answer(answer).strip()
    if len(text) == 1 and text.lower() in _LETTERS[: len(choices)]:
        return choices[_LETTERS.index(text.lower())]
    return choices[int(text)] if text.isdecimal() and int(text) < len(choices) else text


def _answer(value: object) -> str:
    """The first of several accepted answers."""
    return _text(value) if isinstance(value, str | int | float) else next(strings(value), "")


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((fields[name] for name in names if name in fields), None)


def _text(value: object) -> str:
    """A text, a number, or all the texts of a list or an object."""
    if isinstance(value, int | float):
        return str(value)
    return "\n".join(strings(value))
