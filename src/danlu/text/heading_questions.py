"""The questions that a corpus asks of itself: its headings, each with the sections below it that answer it (danlu.data.questions)."""

import json
from dataclasses import dataclass
from pathlib import Path

TRAIN, HELD_OUT = "train", "held_out"


@dataclass(frozen=True)
class HeadingQuestion:
    """One line of questions.jsonl."""

    text: str
    language: str
    sections: frozenset[str]
    """Ids of the sections that answer it."""
    split: str
    """`train` calibrates, `held_out` only measures."""


def read_heading_questions(path: Path) -> list[HeadingQuestion]:
    """All of a file, in its order. Lines end at a line feed alone: JSON may hold any other separator as it is."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return [HeadingQuestion(row["question"], row["language"], frozenset(row["sections"]), row["split"]) for row in rows]
