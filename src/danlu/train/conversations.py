"""Conversations: a user's own file of training data as an artifact in one form, checked line by line before anything is trained."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from danlu.core.artifacts import Chats
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.chats import Chat, read_chats, write_chats


class ConversationsConfig(Config):
    """What the conversations are for: an artifact of training data holds nothing that is held out, and the reverse."""

    side: Literal["train", "held_out"]


def _conversations(work: Work, config: ConversationsConfig, *, file: DataFile) -> Facts:
    rows = read_chats(file.path)
    write_chats(work.folder / f"{config.side}.jsonl", rows)
    return Facts({"conversations": len(rows)} | _repeats(rows), ("unknown",))


def _repeats(rows: list[Chat]) -> dict[str, int]:
    """What stands more than once, told and kept: a repeat is learnt twice, and whether that is meant the user knows."""
    said = (json.dumps([chat.messages, chat.tools], sort_keys=True) for chat in rows)
    counts = {
        "identical to an earlier one": _repeated(said),
        "ids used again": _repeated(chat.chat_id for chat in rows),
    }
    return {name: count for name, count in counts.items() if count}


def _repeated(values: Iterable[str]) -> int:
    return sum(count - 1 for count in Counter(values).values())


conversations = Stage("conversations", version=3, makes=Chats, body=_conversations, config=ConversationsConfig)
