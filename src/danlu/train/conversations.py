"""Conversations: a user's own file of training data as an artifact, checked line by line before anything is trained."""

import shutil
from typing import Literal

from danlu.core.artifacts import Chats
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.chats import read_chats


class ConversationsConfig(Config):
    """What the conversations are for: an artifact of training data holds nothing that is held out, and the reverse."""

    side: Literal["train", "held_out"]


def _conversations(work: Work, config: ConversationsConfig, *, file: DataFile) -> Facts:
    rows = read_chats(file.path)
    shutil.copyfile(file.path, work.folder / f"{config.side}.jsonl")
    return Facts({"conversations": len(rows)}, ("unknown",))


conversations = Stage("conversations", version=1, makes=Chats, body=_conversations, config=ConversationsConfig)
