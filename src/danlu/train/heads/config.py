"""What the training of every head shares. Defaults follow the paper of BERT (Devlin et al. 2019, arXiv 1810.04805, appendix A.3)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from danlu.core.errors import UserError
from danlu.train.learning import LearningConfig


@dataclass(frozen=True)
class HeadInputs:
    """What a head is made from."""

    base: Path
    """An encoder's checkpoint."""
    data: Path
    """Labelled rows."""
    held_out: Path | None = None
    """Rows that only measure; without them a share of `data` does."""


class HeadConfig(LearningConfig):
    """How rows become tokens, sides and steps."""

    epochs: Annotated[int, Field(ge=1, le=200)] = 4
    """Passes over the training rows. Devlin: 2 to 4; with a few hundred rows 10 to 20 are steadier (Mosbach et al. 2021, arXiv 2006.04884)."""
    patience: Annotated[int, Field(ge=0)] = 0
    """Stop after so many epochs without a better validation score; 0 runs all epochs. The best epoch is kept in either case."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5
    """Peak of the schedule. Devlin tried 2e-5 to 5e-5; small encoders bear the most. A model without pretraining needs about 1e-3."""
    step_rows: Annotated[int, Field(ge=1)] = 16
    """Rows for each optimizer step; Devlin: 16 or 32. Few data need steps more than smooth gradients."""
    micro_batch_tokens: Annotated[int, Field(ge=16)] = 2048
    """Padded tokens that go through the model at once: about 0.3 GB of activations for an encoder of 12 layers and 768 dimensions."""
    sequence_tokens: Annotated[int, Field(ge=16, le=1_048_576)] = 256
    """Tokens of a row with special tokens; a model that reads fewer sets the bound. Cost grows with it, and most texts are shorter."""
    validation_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the rows that choose the best epoch and the temperature; 0 keeps the last epoch."""
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the rows that measure and do nothing else; left out when a file of held-out rows is given."""
    near_threshold: Annotated[float, Field(ge=0.5, le=1)] = 0.7
    """Jaccard of 5-shingles from which two texts stay on one side: a text that is known by seven tenths is known."""

    def check(self) -> None:
        """Raises UserError when nothing would be left to train on."""
        if self.validation_share + self.test_share >= 0.9:
            raise UserError(
                "validation_share + test_share is {measures:g}",
                "Expected less than 0.9: something must train.",
                measures=self.validation_share + self.test_share,
            )
