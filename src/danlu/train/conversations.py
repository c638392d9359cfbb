"""Conversations: a user's own file of training data as an artifact in one form, checked line by line before anything is trained."""

from typing import Literal

from danlu.core.artifacts import Chats
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.chats import read_chats, write_chats


class ConversationsConfig(Config):
    """What the conversations are for: an artifact of training data holds nothing that is held out, and the reverse."""

    side: Literal["train", "held_out"]


def _conversations(work: Work, config: ConversationsConfig, *, file: DataFile) -> Facts:
    rows = read_chats(file.path)
    write_chats(work.folder / f"{config.side}.jsonl", rows)
    return Facts({"conversations": len(rows)}, ("unknown",))


conversations = Stage("conversations", version=2, makes=Chats, body=_conversations, config=ConversationsConfig)
