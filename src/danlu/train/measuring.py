"""How a pretraining is measured, for the scores that are taken while it runs and at its end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measuring:
    """What is told of held-out documents, and of how many tokens."""

    objective: str
    sequence_tokens: int
    micro_batch_rows: int
    running_tokens: int
    """Scored each time while the training runs."""
    final_tokens: int
    """Scored at the end."""
    speaks: bool = True
    """Says samples while it runs. Where processes hold a part of the model each, it speaks at the end, when it is whole."""
