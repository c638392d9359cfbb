"""Which documents a tuned model learnt from: those of the pairs that its training reached."""

import json
from collections import Counter

from danlu.answer.uses.learnt_rows import learnt_replies, reply_of
from danlu.core.artifacts import Chats, Checkpoint


def learnt_documents(model: Checkpoint, chats: Chats) -> Counter[str]:
    """Pairs that were learnt, by the name of their document. Where the training kept no rows of its own, all on its side count."""
    rows = [json.loads(line) for line in chats.train.read_text(encoding="utf-8").splitlines()]
    learnt = learnt_replies(model, chats)
    return Counter(str(row.get("source", "")) for row in rows if learnt is None or reply_of(row) in learnt)
