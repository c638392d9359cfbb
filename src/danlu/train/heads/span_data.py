"""Questions with answers that stand in a context: JSON Lines {"context", "question", "answers": [{"start", "text"}]}.

Offsets are code points, and each answer must stand at its offset word for word. No answers: the context does not answer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.train.examples import read_objects
from danlu.train.heads.lines import missing, text_in, wrong

_CONTEXT = Phrase("the text in which the answer stands")
_QUESTION = Phrase("a question")
_ANSWERS = Phrase('a list of {"start": 0, "text": "..."}; empty when the context does not answer')
_FORM = '{"context": "...", "question": "...", "answers": [{"start": 0, "text": "..."}]}'


@dataclass(frozen=True)
class Asked:
    """One row of the file."""

    where: str
    context: str
    question: str
    answers: tuple[tuple[int, str], ...]
    """Start and text of each."""


def read_asked(path: Path, *, is_labelled: bool = True) -> list[Asked]:
    """All rows. Raises UserError for the first line that is wrong."""
    found = []
    for number, row in read_objects(path, _FORM):
        where = f"{path}:{number}"
        context, question = text_in(row, "context", where, _CONTEXT), text_in(row, "question", where, _QUESTION)
        found.append(Asked(where, context, question, _answers(row, context, where) if is_labelled else ()))
    if is_labelled and not any(asked.answers for asked in found):
        raise UserError(
            "{path}: none of {rows} questions has an answer",
            "Give questions whose answers stand in their context.",
            path=path,
            rows=len(found),
        )
    return found


def _answers(row: dict[str, Any], context: str, where: str) -> tuple[tuple[int, str], ...]:
    if "answers" not in row:
        raise missing(row, where, "answers", _ANSWERS)
    if not isinstance(row["answers"], list):
        raise wrong(where, "answers", row["answers"], _ANSWERS)
    return tuple(_answer(value, context, where) for value in row["answers"])


def _answer(value: Any, context: str, where: str) -> tuple[int, str]:
    fields = value if isinstance(value, dict) else {}
    start, text = fields.get("start"), fields.get("text")
    if type(start) is not int or start < 0 or not isinstance(text, str) or not text.strip():
        raise wrong(where, "answers", value, _ANSWERS)
    if not context.startswith(text, start):
        found = context.find(text)
        raise UserError(
            "{where}: the answer {answer} does not stand at {start} of the context, where {there} stands",
            "It stands at {found}: offsets are code points from 0."
            if found >= 0
            else "It stands nowhere in the context: an answer must be taken from it word for word.",
            where=where,
            answer=repr(text[:40]),
            start=start,
            there=repr(context[start : start + min(len(text), 40)]),
            found=found,
        )
    return start, text
