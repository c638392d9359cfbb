"""Conversations: a user's own file of training data as an artifact, checked line by line before anything is trained."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from danlu.core.artifacts import Chats
from danlu.core.errors import UserError
from danlu.core.hashing import hash_file
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.chats import read_chats


@dataclass(frozen=True)
class ConversationFile:
    """A JSON Lines file of conversations."""

    path: Path

    def content_hash(self) -> str:
        """SHA-256 of the file; raises UserError when it is missing."""
        if not self.path.is_file():
            raise UserError("No such file: {path}", "Name a JSON Lines file after --data.", path=self.path)
        return hash_file(self.path)


def _conversations(work: Work, config: Config, *, file: ConversationFile) -> Facts:
    rows = read_chats(file.path)
    for name in ("train.jsonl", "held_out.jsonl"):
        shutil.copyfile(file.path, work.folder / name)
    return Facts({"conversations": len(rows)}, ("unknown",))


conversations = Stage("conversations", version=1, makes=Chats, body=_conversations)
