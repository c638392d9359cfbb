"""Conversations: a user's own file of training data as an artifact, checked line by line before anything is trained."""

import shutil

from danlu.core.artifacts import Chats
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.chats import read_chats


def _conversations(work: Work, config: Config, *, file: DataFile) -> Facts:
    rows = read_chats(file.path)
    for name in ("train.jsonl", "held_out.jsonl"):
        shutil.copyfile(file.path, work.folder / name)
    return Facts({"conversations": len(rows)}, ("unknown",))


conversations = Stage("conversations", version=1, makes=Chats, body=_conversations)
