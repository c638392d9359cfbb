"""Pretraining: a model learns documents, from random weights or on from an open model's.

Defaults follow nanochat (Karpathy 2025) and modded-nanogpt where they hold on two cores too: Muon for matrices, small steps, a
held rate that is let down at the end. Measured here: at a fixed number of CPU-seconds small models with small
steps learn more than larger ones (docs/log.md).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from danlu.core.artifacts import Manifest
from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.processes import ALONE
from danlu.core.stages import Config, Work
from danlu.loop.feed import Feed
from danlu.loop.packed import PackedCorpus
from danlu.loop.shards import Encoding, Shards
from danlu.loop.token_feed import TokenFeed
from danlu.model.adapter_record import refuse_unmerged
from danlu.model.bidirectional import make_encoder, make_encoder_decoder
from danlu.model.chat import ChatFormat
from danlu.model.checkpoint_files import model_hash, save_checkpoint
from danlu.model.decoders import DecoderShape, Style, make_decoder
from danlu.model.stops import declare_stop
from danlu.train.measuring import Measuring
from danlu.train.mixing import CorpusUse, Mixed, Shares
from danlu.train.tokenize.tokenizer import shaping_hash

if TYPE_CHECKING:
    from danlu.loop.loop import Trained
    from danlu.loop.optimizers import Optimization
    from danlu.loop.probe import Subject
    from danlu.train.pretrain_scores import Scores

CHECKPOINTS = 20
"""In a whole training: a kill costs a twentieth of it at most."""
EVALUATIONS = 5
"""In a whole training, about."""
_TRIED_BATCHES = 2
"""Of held-out tokens, scored in a trial."""


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


@dataclass(frozen=True)
class PretrainFacts:
    """What was trained on, and what came of it."""

    parameters: int
    steps: int
    steps_left_out: int
    """Of them: their loss was not finite, or stood out so far that they would have done damage."""
    train_tokens: int
    epochs: float
    """Rows read, of all corpora, through the rows that there are."""
    rows: int
    """Packed ones, that there are to learn from."""
    rows_not_reached: int
    """Of them: the training ended before it came to them."""
    documents_cut: int
    """Longer than a row: no token is lost, and each cut costs the lesson of one."""
    padding: float
    """Share of the places of the rows that is empty."""
    first_loss: float
    """Nats per token."""
    last_loss: float
    held_out: dict[str, float]
    """Causal: bits per byte of held-out documents, by language, and under `all`. Else `all` alone: nats for each token that was to be told."""
    corpora: tuple[CorpusUse, ...] = ()
    """What each of several corpora was read for."""
    used_up: str = ""
    """The one of several corpora that ended the training: more of the mixture would have read it more than `max_epochs` times."""


@dataclass(frozen=True)
class PretrainInputs:
    """Folders that a pretraining reads."""

    shards: Path
    held_out: Path
    tokenizer: Path
    base: Path | None = None
    """A checkpoint to go on from."""
    mixed: tuple[Mixed, ...] = ()
    """Where there are several corpora: all of them, `shards` is the first one's, and `held_out` is of all together."""


def pretrain_model(
    inputs: PretrainInputs,
    config: PretrainConfig,
    work: Work,
) -> PretrainFacts:
    """Train into `work.folder`: an ordinary checkpoint with its tokenizer, `training.json` and `samples.jsonl`.

    Killed at any moment and called again with the same `work.scratch`, it ends with the same bytes. Raises UserError for a
    tokenizer that does not belong to the base model or the shards, WorkFailed when the loss diverges.
    """
    from danlu.loop.launch import in_processes

    if work.processes.count > 1:
        in_processes(_share, inputs, config, work=work)
    # Where several processes have learnt, this one takes up their last checkpoint, and no step is left to do.
    setup = set_up(inputs, config, work)
    trained = _train(setup, inputs, config, replace(work, processes=ALONE))
    facts = _facts(setup, config, trained, _scores_by_corpus(setup, inputs, config, work))
    setup.scores.write_samples(work.folder / "samples.jsonl")
    save_checkpoint(setup.model, inputs.tokenizer, work.folder)
    if config.objective == "causal":
        _declare_reply_end(work.folder)
    _write_record(work.folder, facts, trained)
    return facts


def _share(inputs: PretrainInputs, config: PretrainConfig, work: Work) -> None:
    """What one of several processes does."""
    _train(set_up(inputs, config, work), inputs, config, work)


@dataclass(frozen=True)
class Setup:
    """What a training consists of."""

    model: Any
    shares: Shares
    drawn: TokenFeed
    feed: Feed
    learner: Any
    scores: "Scores"


def outlined(inputs: PretrainInputs, config: PretrainConfig, work: Work) -> Setup:
    """The training with a model that has shapes and no weights: nothing can be learnt, and nothing is loaded."""
    return set_up(inputs, config, work, is_outline=True)


def subject(inputs: PretrainInputs, config: PretrainConfig, work: Work) -> "Subject":
    """The training for a trial, with scores of a few held-out tokens."""
    from danlu.loop.probe import Subject

    tokens = min(config.final_tokens, _TRIED_BATCHES * config.micro_batch_sequences * config.sequence_tokens)
    few = config.model_copy(update={"final_tokens": tokens, "evaluation_tokens": tokens})
    setup = set_up(inputs, few, work)
    held_out = int(Shards.open(inputs.held_out).lengths().sum())

    def score() -> int:
        setup.scores.final()
        return min(tokens, held_out)

    def finish(folder: Path) -> None:
        setup.scores.write_samples(folder / "samples.jsonl")
        save_checkpoint(setup.model, inputs.tokenizer, folder)

    return Subject(setup.learner, setup.feed, optimization(config, inputs.base is not None), score, finish)


def set_up(inputs: PretrainInputs, config: PretrainConfig, work: Work, *, is_outline: bool = False) -> Setup:
    """The training from its first step on; raises UserError as `pretrain_model`."""
    import torch

    from danlu.train.objectives import Specials, make_feed, make_learner
    from danlu.train.pretrain_scores import make_scores

    torch.set_num_threads(work.threads)
    shares, held_out = _shares(inputs, config), Shards.open(inputs.held_out)
    corpus = shares.corpora[0]
    _check_tokenizers(inputs, corpus.shards, held_out)
    specials = Specials.read(inputs.tokenizer, corpus.shards.encoding.end_id)
    make = _model_outline if is_outline else _model
    model = make(inputs, config, corpus, specials.pad_id, work.seed, work.threads)
    drawn = _feed(shares, config, sum(weight.numel() for weight in model.parameters()), work.seed)
    feed = make_feed(config.objective, drawn, shares.corpora, specials, config.micro_batch_sequences, work.seed)
    learner = make_learner(config.objective, model)
    scores = make_scores(learner, inputs.tokenizer, specials, held_out, _measuring(config, work), work.progress)
    return Setup(model, shares, drawn, feed, learner, scores)


def _shares(inputs: PretrainInputs, config: PretrainConfig) -> Shares:
    named = [(one.name, one.shards) for one in inputs.mixed] or [("", inputs.shards)]
    corpora = [PackedCorpus.open(folder, config.sequence_tokens, name) for name, folder in named]
    return Shares.of(corpora, config.weights)


def _scores_by_corpus(setup: Setup, inputs: PretrainInputs, config: PretrainConfig, work: Work) -> list[float]:
    """Of the held-out documents of each of several corpora."""
    from danlu.train.objectives import Specials
    from danlu.train.pretrain_scores import make_scores

    specials = Specials.read(inputs.tokenizer, setup.shares.corpora[0].shards.encoding.end_id)
    measuring = _measuring(config, work)
    return [
        make_scores(
            setup.learner, inputs.tokenizer, specials, Shards.open(one.held_out), measuring, work.progress
        ).final()["all"]
        for one in inputs.mixed
    ]


def _train(setup: Setup, inputs: PretrainInputs, config: PretrainConfig, work: Work) -> "Trained":
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import Evaluation, train
    from danlu.loop.parallel import placed

    steps = setup.feed.steps
    evaluation = Evaluation(-(-steps // EVALUATIONS), setup.scores.take, config.patience)
    key = hash_facts([_facts_of(inputs), config.model_dump(), work.seed])
    checkpoints = Checkpoints(work.scratch, max(1, steps // CHECKPOINTS), key)
    how = optimization(config, inputs.base is not None)
    with placed(setup.learner, work.processes) as layout:
        return train(
            setup.learner, setup.feed, how, checkpoints, work.progress,
            seed=work.seed, layout=layout, evaluation=evaluation, observers=work.observers,
        )  # fmt: skip


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


def _model_outline(
    inputs: PretrainInputs, config: PretrainConfig, corpus: PackedCorpus, pad_id: int, seed: int, threads: int
) -> Any:
    """Shapes alone: torch's meta device holds no numbers."""
    import torch

    from danlu.model.loading import model_outline
    from danlu.train.objectives import KINDS

    if inputs.base is not None:
        return model_outline(inputs.base, kind=KINDS[config.objective])
    with torch.device("meta"):
        return _new_model(config, corpus.shards.encoding, pad_id)


def _new_model(config: PretrainConfig, encoding: Encoding, pad_id: int) -> Any:
    shape = DecoderShape(config.style, config.layers, encoding.vocabulary_size, config.sequence_tokens, encoding.end_id)
    if config.objective == "masked":
        return make_encoder(shape)
    return make_decoder(shape) if config.objective == "causal" else make_encoder_decoder(shape, pad_id)


def _wanted_rows(shares: Shares, config: PretrainConfig, parameters: int) -> int:
    wanted = config.max_train_tokens or round(config.tokens_per_parameter * parameters)
    return round(wanted / shares.tokens_per_row())


def _feed(shares: Shares, config: PretrainConfig, parameters: int, seed: int) -> TokenFeed:
    wanted = _wanted_rows(shares, config, parameters)
    sequences = max(1, min(wanted, shares.most_rows(config.max_epochs)))
    step_sequences = min(config.step_sequences, sequences)
    return TokenFeed(
        shares.corpora,
        steps=sequences // step_sequences,
        step_sequences=step_sequences,
        micro_batch_sequences=config.micro_batch_sequences,
        seed=seed,
        weights=shares.weights,
        max_epochs=config.max_epochs,
    )


def _measuring(config: PretrainConfig, work: Work) -> Measuring:
    return Measuring(
        config.objective,
        config.sequence_tokens,
        config.micro_batch_sequences,
        config.evaluation_tokens,
        config.final_tokens,
        speaks=work.processes.count == 1,
    )


def _facts_of(inputs: PretrainInputs) -> list[str]:
    """What a saved state must agree on before it is taken up."""
    base = [model_hash(inputs.base)] if inputs.base else []
    mixed = [one.shards for one in inputs.mixed]
    return [*(Manifest.read(folder).content_hash for folder in (inputs.shards, inputs.held_out, *mixed)), *base]


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


def _facts(setup: Setup, config: PretrainConfig, trained: "Trained", by_corpus: Sequence[float]) -> PretrainFacts:
    feed, uses = setup.feed, setup.drawn.uses()
    read, rows = sum(use.sequences for use in uses), sum(use.rows for use in uses)
    steps = len(trained.losses)
    losses = [loss for loss in trained.losses if loss is not None]
    parameters = sum(weight.numel() for weight in setup.model.parameters())
    is_short = _wanted_rows(setup.shares, config, parameters) > setup.shares.most_rows(config.max_epochs)
    return PretrainFacts(
        parameters=parameters,
        steps=steps,
        steps_left_out=len(trained.left_out),
        train_tokens=sum(feed.tokens(step) for step in range(steps)),
        epochs=round(read / rows * steps / feed.steps, 3),
        rows=rows,
        rows_not_reached=sum(max(0, use.rows - round(use.sequences * steps / feed.steps)) for use in uses),
        documents_cut=sum(use.cut_documents for use in uses),
        padding=round(sum(use.padding * use.sequences for use in uses) / read, 5),
        first_loss=losses[0],
        last_loss=losses[-1],
        held_out=setup.scores.final(),
        corpora=setup.shares.uses(setup.drawn, steps, by_corpus) if by_corpus else (),
        used_up=setup.shares.shortest() if is_short else "",
    )


def _declare_reply_end(folder: Path) -> None:
    """Where the tokenizer brings a chat template, its end of a reply ends generation too, as the end of a text does."""
    if (folder / "chat_template.jinja").is_file():
        declare_stop(folder, ChatFormat.load(folder).stop_id)


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
