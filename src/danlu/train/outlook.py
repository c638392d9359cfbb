"""A training as it stands before its first step: what becomes of the rows, the first example, and what it would take.

Made from settings and data alone; no weight is loaded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase
from danlu.loop.footprint import Shape, Training, operations_per_token
from danlu.loop.predict import Schedule
from danlu.loop.probe import Subject, Workload
from danlu.train.preflight import Asked

_OPERATIONS_PER_S = {"cpu": 5e10, "cuda": 1e14}
"""Of one thread, or of one graphics processor: a guess within a factor of three, enough to tell minutes from hours. Measured on an
EPYC with bfloat16 in hardware: about 1e11 a thread; without it half and less."""


@dataclass(frozen=True)
class Example:
    """Token ids of a row and which of them are learnt, with their tokenizer."""

    tokenizer: Any
    """A `tokenizers.Tokenizer`."""
    ids: Sequence[int]
    loss_mask: Sequence[bool]
    """No token, where something is learnt of the row and not said by it."""
    what: Phrase = Phrase("the first example")  # noqa: RUF009
    """What is shown, and what is learnt of it beside tokens."""


def read_tokenizer(folder: Path) -> Any:
    """A checkpoint's, for an example."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@dataclass(frozen=True)
class Outlook:
    """What is known of a training before it starts."""

    rows: Sequence[tuple[str, int]]
    """By what becomes of them: kept first, then each reason for leaving some out."""
    of_what: str
    """What the rows are: conversations, say."""
    examples: Sequence[Example]
    """Of the first row: one, or one for each of the texts that it compares; none where it is no text."""
    asked: Asked | None
    """None for a model whose sizes the formula cannot read."""
    workload: Workload
    schedule: Schedule
    subject: Callable[[], Subject] | None = None
    """Makes the training anew, in another process; None where it is not trained by danlu's own loop, whose steps can be tried."""
    outline: Callable[[], object] | None = None
    """Does again what led to this outlook."""
    remark: Phrase | None = None
    """What a user should know of the rows, such as the setting that leaves most of them out."""

    @property
    def guessed_s(self) -> float:
        """Seconds by the formula's operations, for one thread or one graphics processor; 0 where it knows nothing."""
        asked = self.asked
        if asked is None:
            return 0.0
        operations = operations_per_token(asked.shape, asked.training) * self.workload.padded_tokens
        return operations / _OPERATIONS_PER_S[asked.training.device]


def checkpoint_bytes(shape: Shape, training: Training) -> int:
    """Of one checkpoint: weights that are learnt, and the optimizer's moments."""
    trained = training.trained(shape)
    matrices = min(trained, shape.matrices) if training.optimizer == "muon" else 0
    return (12 + 4 * training.copies) * trained - 4 * matrices


def made_bytes(shape: Shape, training: Training) -> int:
    """Of the checkpoint that a training leaves: all weights as float32, and the adapter's beside them."""
    return 4 * training.weights(shape) + (0 if training.method == "full" else 4 * training.trained(shape))
