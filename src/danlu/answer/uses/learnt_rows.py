"""Which replies a fine-tuning learnt: `tokens.parquet` holds the token ids of the rows it reached, and the checkpoint its tokenizer."""

import json

from danlu.core.artifacts import Artifact, Chats
from danlu.text.tables import read_groups


def learnt_replies(checkpoint: Artifact, chats: Chats) -> frozenset[str] | None:
    """Replies of the conversations that were reached, without white space; None where that cannot be told for sure.

    It is sure when as many conversations are found again by their replies as the training says that it learnt: a tokenizer that
    folds letters, or conversations of several replies, are not.
    """
    rows, tokenizer = checkpoint.path / "tokens.parquet", checkpoint.path / "tokenizer.json"
    if not rows.exists() or not tokenizer.exists():
        return None
    from tokenizers import Tokenizer

    reader = Tokenizer.from_file(str(tokenizer))
    labels = (ids for group in read_groups(rows, ["labels"]) for ids in group["labels"].to_pylist())
    learnt = frozenset(squeezed(reader.decode([id for id in ids if id >= 0])) for ids in labels)
    lines = chats.train.read_text(encoding="utf-8").splitlines()
    found = sum(reply_of(json.loads(line)) in learnt for line in lines)
    return learnt if found == checkpoint.manifest.counts.get("learnt") else None


def reply_of(conversation: dict[str, object]) -> str:
    """The last reply of a conversation, without white space."""
    messages = conversation["messages"]
    assert isinstance(messages, list)
    return squeezed(str(messages[-1]["content"]))


def squeezed(text: str) -> str:
    """A text without white space, which tokenizers write in more than one way."""
    return "".join(text.split())
