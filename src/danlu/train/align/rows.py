"""Preference data as rows. Three kinds: pairs (a better and a worse reply to the same prompt), labelled (one reply, good or bad) and
prompts (with whatever a reward function wants to know).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from danlu.model.chat import Message

Kind = Literal["pairs", "labelled", "prompts"]

SHAPES: dict[Kind, str] = {
    "pairs": '{"messages": [{"role": "user", "content": "..."}], "chosen": "...", "rejected": "..."}',
    "labelled": '{"messages": [{"role": "user", "content": "..."}], "completion": "...", "label": true}',
    "prompts": '{"messages": [{"role": "user", "content": "..."}], "answer": "..."}',
}
"""What a line of each kind looks like."""


@dataclass(frozen=True)
class Row:
    """One line: what is asked, and by its kind what is said or known."""

    line: int
    """Of the user's file, from 1."""
    messages: tuple[Message, ...]
    replies: Mapping[str, str] = field(default_factory=dict)
    """`chosen` and `rejected`, or `completion`."""
    label: bool | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What a reward function is given beside the conversation."""

    def facts(self) -> dict[str, Any]:
        """The row as plain JSON data; `read_facts` is the way back."""
        return {
            "line": self.line, "messages": list(self.messages), "replies": dict(self.replies), "label": self.label,
            "fields": dict(self.fields),
        }  # fmt: skip


def read_facts(path: Path) -> list[Row]:
    """The rows that `Row.facts` wrote, one a line."""
    facts = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [Row(**{**row, "messages": tuple(row["messages"])}) for row in facts]
