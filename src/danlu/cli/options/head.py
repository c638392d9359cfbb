"""head: heads on encoders, and other small models that learn from labelled rows."""

from danlu.cli.commands import Commands
from danlu.cli.options import anomaly, embedding, head_encoders, seq2seq
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the group; each line adds the commands of one family."""
    group = commands.group("head", say("train a small model for one task: classes, entities, answers and more"))
    head_encoders.add(group, say)
    seq2seq.add(group, say)
    anomaly.add(group, say)
    embedding.add(group, say)
