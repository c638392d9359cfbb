"""Pretraining: a model learns documents, from random weights or on from an open model's.

Defaults follow nanochat (Karpathy 2025) and modded-nanogpt where they hold on two cores too: Muon for matrices, small steps, a
held rate that is let down at the end. Measured here: at a fixed number of CPU-seconds small models with small
steps learn more than larger ones (docs/log.md).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from danlu.core.artifacts import Manifest
from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts, hash_file
from danlu.core.stages import Config, Work
from danlu.loop.feed import Feed
from danlu.loop.packed import PackedCorpus
from danlu.loop.shards import Encoding, Shards
from danlu.loop.token_feed import TokenFeed
from danlu.model.adapter_record import refuse_unmerged, weights_hash
from danlu.model.bidirectional import make_encoder, make_encoder_decoder
from danlu.model.decoders import DecoderShape, Style, make_decoder
from danlu.train.measuring import Measuring
from danlu.train.tokenize.tokenizer import shaping_hash

if TYPE_CHECKING:
    from danlu.loop.loop import Trained
    from danlu.loop.optimizers import Optimization

_CHECKPOINTS = 20
"""In a whole training: a kill costs a twentieth of it at most."""
_EVALUATIONS = 5
"""In a whole training, about."""
_TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "generation_config.json",
)  # fmt: skip


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


@dataclass(frozen=True)
class PretrainFacts:
    """What was trained on, and what came of it."""

    parameters: int
    steps: int
    steps_left_out: int
    """Of them: their loss was not finite, or stood out so far that they would have done damage."""
    train_tokens: int
    epochs: float
    padding: float
    """Share of the places of the rows that is empty."""
    first_loss: float
    """Nats per token."""
    last_loss: float
    held_out: dict[str, float]
    """Causal: bits per byte of held-out documents, by language, and under `all`. Else `all` alone: nats for each token that was to be told."""


@dataclass(frozen=True)
class PretrainInputs:
    """Folders that a pretraining reads."""

    shards: Path
    held_out: Path
    tokenizer: Path
    base: Path | None = None
    """A checkpoint to go on from."""


def pretrain_model(
    inputs: PretrainInputs,
    config: PretrainConfig,
    work: Work,
) -> PretrainFacts:
    """Train into `work.folder`: an ordinary checkpoint with its tokenizer, `training.json` and `samples.jsonl`.

    Killed at any moment and called again with the same `work.scratch`, it ends with the same bytes. Raises UserError for a
    tokenizer that does not belong to the base model or the shards, WorkFailed when the loss diverges.
    """
    import torch

    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import Evaluation, train
    from danlu.train.objectives import Specials, make_feed, make_learner
    from danlu.train.pretrain_scores import make_scores

    torch.set_num_threads(work.threads)
    corpus, held_out = PackedCorpus.open(inputs.shards, config.sequence_tokens), Shards.open(inputs.held_out)
    _check_tokenizers(inputs, corpus.shards, held_out)
    specials = Specials.read(inputs.tokenizer, corpus.shards.encoding.end_id)
    model = _model(inputs, config, corpus, specials.pad_id, work.seed, work.threads)
    parameters = sum(weight.numel() for weight in model.parameters())
    drawn = _feed(corpus, config, parameters, work.seed)
    feed = make_feed(config.objective, drawn, corpus, specials, config.micro_batch_sequences, work.seed)
    learner = make_learner(config.objective, model)
    scores = make_scores(learner, inputs.tokenizer, specials, held_out, _measuring(config), work.progress)
    evaluation = Evaluation(-(-feed.steps // _EVALUATIONS), scores.take, config.patience)
    key = hash_facts([_facts_of(inputs), config.model_dump(), work.seed])
    checkpoints = Checkpoints(work.scratch, max(1, feed.steps // _CHECKPOINTS), key)
    how = optimization(config, inputs.base is not None)
    trained = train(
        learner, feed, how, checkpoints, work.progress, seed=work.seed, evaluation=evaluation, observers=work.observers
    )
    facts = _facts(parameters, drawn, feed, trained, scores.final())
    scores.write_samples(work.folder / "samples.jsonl")
    _write(model, inputs.tokenizer, work.folder)
    _write_record(work.folder, facts, trained)
    return facts


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


def _model(
    inputs: PretrainInputs, config: PretrainConfig, corpus: PackedCorpus, pad_id: int, seed: int, threads: int
) -> Any:
    import torch

    from danlu.model.loading import load_model
    from danlu.train.objectives import KINDS

    encoding = corpus.shards.encoding
    if inputs.base is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _new_model(config, encoding, pad_id)
    refuse_unmerged(inputs.base)
    model = load_model(inputs.base, threads=threads, kind=KINDS[config.objective])
    rows = model.get_input_embeddings().num_embeddings
    if encoding.vocabulary_size > rows:
        raise UserError(
            "the tokenizer of the shards has {tokens} ids, and {base} has embeddings for {rows}",
            "Tokenize with the base model's own tokenizer, or extend it: danlu tokenizer IN --base {base} --out DIR",
            tokens=encoding.vocabulary_size,
            base=inputs.base,
            rows=rows,
        )
    return model


def _new_model(config: PretrainConfig, encoding: Encoding, pad_id: int) -> Any:
    shape = DecoderShape(config.style, config.layers, encoding.vocabulary_size, config.sequence_tokens, encoding.end_id)
    if config.objective == "masked":
        return make_encoder(shape)
    return make_decoder(shape) if config.objective == "causal" else make_encoder_decoder(shape, pad_id)


def _feed(corpus: PackedCorpus, config: PretrainConfig, parameters: int, seed: int) -> TokenFeed:
    packing = corpus.packing
    wanted = config.max_train_tokens or round(config.tokens_per_parameter * parameters)
    most_sequences = int(config.max_epochs * packing.rows)
    tokens_per_sequence = packing.sequence_tokens * (1 - packing.padding)
    sequences = max(1, min(round(wanted / tokens_per_sequence), most_sequences))
    step_sequences = min(config.step_sequences, sequences)
    return TokenFeed(
        [corpus],
        steps=sequences // step_sequences,
        step_sequences=step_sequences,
        micro_batch_sequences=config.micro_batch_sequences,
        seed=seed,
        max_epochs=config.max_epochs,
    )


def _measuring(config: PretrainConfig) -> Measuring:
    return Measuring(
        config.objective,
        config.sequence_tokens,
        config.micro_batch_sequences,
        config.evaluation_tokens,
        config.final_tokens,
    )


def _facts_of(inputs: PretrainInputs) -> list[str]:
    """What a saved state must agree on before it is taken up."""
    base = [weights_hash(inputs.base), hash_file(inputs.base / "config.json")] if inputs.base else []
    return [*(Manifest.read(folder).content_hash for folder in (inputs.shards, inputs.held_out)), *base]


def _check_tokenizers(inputs: PretrainInputs, train: Shards, held_out: Shards) -> None:
    """Raises UserError when the ids of one folder mean something else in another."""
    hashes = {
        inputs.shards: train.encoding.tokenizer,
        inputs.held_out: held_out.encoding.tokenizer,
        inputs.tokenizer: shaping_hash(inputs.tokenizer),
    }
    for folder, found in hashes.items():
        if found != train.encoding.tokenizer:
            raise UserError(
                "{folder} has another tokenizer than {shards}",
                "Tokenize again with one tokenizer: danlu tokenize IN --tokenizer DIR --out DIR",
                folder=folder,
                shards=inputs.shards,
            )


def _facts(
    parameters: int, drawn: TokenFeed, feed: Feed, trained: "Trained", held_out: dict[str, float]
) -> PretrainFacts:
    [use] = drawn.uses()
    losses = [loss for loss in trained.losses if loss is not None]
    return PretrainFacts(
        parameters=parameters,
        steps=len(trained.losses),
        steps_left_out=len(trained.left_out),
        train_tokens=sum(feed.tokens(step) for step in range(len(trained.losses))),
        epochs=round(use.epochs * len(trained.losses) / feed.steps, 3),
        padding=round(use.padding, 5),
        first_loss=losses[0],
        last_loss=losses[-1],
        held_out=held_out,
    )


def _write(model: Any, tokenizer: Path, out_dir: Path) -> None:
    """An ordinary checkpoint, readable by all."""
    from danlu.model.loading import quiet_transformers

    with quiet_transformers():
        model.save_pretrained(out_dir, max_shard_size="1TB")
    for name in _TOKENIZER_FILES:
        if (tokenizer / name).is_file():
            (out_dir / name).write_bytes((tokenizer / name).read_bytes())
    for path in out_dir.iterdir():
        path.chmod(0o644)


def _write_record(out_dir: Path, facts: PretrainFacts, trained: "Trained") -> None:
    record = {
        **asdict(facts),
        "nats_per_token_by_step": trained.losses,
        "left_out": trained.left_out,
        "returns": trained.returns,
        "held_out_by_step": trained.scores,
        "best_step": trained.best_step,
    }
    (out_dir / "training.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
