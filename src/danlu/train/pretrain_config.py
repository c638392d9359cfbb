"""What shapes a pretraining.

Defaults follow nanochat (Karpathy 2025) and modded-nanogpt where they hold on two cores too: Muon for matrices, small steps, a
held rate that is let down at the end. Measured here: at a fixed number of CPU-seconds small models with small
steps learn more than larger ones (docs/log.md).
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from danlu.core.stages import Config
from danlu.model.decoders import Style

if TYPE_CHECKING:
    from danlu.loop.optimizers import Optimization


class PretrainConfig(Config):
    """What shapes a pretrained checkpoint. Limits are in tokens, never in seconds, so that equal inputs train equally."""

    objective: Literal["causal", "masked", "span-corruption"] = "causal"
    """A decoder goes on with texts; an encoder like BERT tells hidden tokens; an encoder-decoder like T5 says runs that were cut out."""
    style: Style = "llama"
    """The family whose architecture a new decoder has; llama opens in most programs."""
    layers: Annotated[int, Field(ge=1, le=128)] = 4
    """The dial of size: the width is 64 times as much. 4 layers and 8,192 tokens of vocabulary are 5 million parameters."""
    sequence_tokens: Annotated[int, Field(ge=16, le=1_048_576)] = 256
    """Tokens of a row: documents are packed into rows whole where they fit, and longer ones cut."""
    step_sequences: Annotated[int, Field(ge=1)] = 16
    """Rows per optimizer step. 4,096 tokens a step learnt more per second than 16,384 in trainings of minutes."""
    micro_batch_sequences: Annotated[int, Field(ge=1)] = 16
    """Rows that go through the model at once: what the memory of activations follows."""
    max_train_tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens that go through the model; when not given, `tokens_per_parameter` times its parameters, and `max_epochs` of the corpus at most."""
    tokens_per_parameter: Annotated[float, Field(gt=0)] = 10.0
    """10 to 20 give the best model for its compute (Hoffmann et al. 2022, arXiv 2203.15556; nanochat)."""
    max_epochs: Annotated[float, Field(gt=0)] = 4.0
    """Passes over the corpus; up to four are nearly as good as new text (Muennighoff et al. 2023, arXiv 2305.16264)."""
    optimizer: Literal["adamw", "muon"] = "muon"
    """Muon learns about a third faster per step; its own cost is 5 to 15 % of a step of 16,384 tokens."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak of the schedule; when not given 4e-3 from random weights, and 1e-4 for a model that is gone on with."""
    schedule: Literal["cosine", "linear", "hold-decay"] = "hold-decay"
    """Hold-decay can be gone on with; a cosine is about as good (arXiv 2404.06395)."""
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Share of the steps over which the rate rises."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Per unit of rate, on matrices (GPT-3)."""
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longer gradients are scaled down to this."""
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Of a moving average of the weights that is kept instead of the last ones; 0.999 helps where the rate is never let down."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Evaluations without a better held-out score after which training ends, with the best weights; not given: it never does."""
    evaluation_tokens: Annotated[int, Field(ge=1)] = 50_000
    """Held-out tokens that are scored during training."""
    final_tokens: Annotated[int, Field(ge=1)] = 500_000
    """Held-out tokens that are scored at the end."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}  # noqa: RUF012 - pydantic copies it
    """Of several corpora, by name: shares of the rows, in any unit (`--weights`). One corpus has none."""


def optimization(config: PretrainConfig, is_gone_on: bool) -> "Optimization":
    """How the weights follow the gradients; `is_gone_on` says that they are not random at the start."""
    from danlu.loop.optimizers import Optimization
    from danlu.model.loading import pays_bfloat16

    return Optimization(
        learning_rate=config.learning_rate or (1e-4 if is_gone_on else 4e-3),
        warmup_fraction=config.warmup_fraction,
        weight_decay=config.weight_decay,
        max_gradient_norm=config.max_gradient_norm,
        # An encoder-decoder's batch has what is said beside what is read: never more than twice the rows.
        recompute_above_tokens=2 * config.micro_batch_sequences * config.sequence_tokens,
        precision="bfloat16" if pays_bfloat16() else "float32",
        optimizer=config.optimizer,
        betas=(0.9, 0.95),
        schedule=config.schedule,
        average_decay=config.average_decay,
        mends_spikes=True,
    )
