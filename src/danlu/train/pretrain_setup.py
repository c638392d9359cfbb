"""What a pretraining consists of before its first step: corpora, model, rows of each step, scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.core.errors import UserError
from danlu.core.stages import Work
from danlu.loop.feed import Feed
from danlu.loop.packed import PackedCorpus
from danlu.loop.shards import Encoding, Shards
from danlu.loop.token_feed import TokenFeed
from danlu.model.adapter_record import refuse_unmerged
from danlu.model.bidirectional import make_encoder, make_encoder_decoder
from danlu.model.decoders import DecoderShape, make_decoder
from danlu.train.measuring import Measuring
from danlu.train.mixing import Mixed, Shares
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.tokenize.tokenizer import shaping_hash

if TYPE_CHECKING:
    from danlu.train.pretrain_scores import Scores


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


@dataclass(frozen=True)
class Setup:
    """What a training consists of."""

    model: Any
    shares: Shares
    drawn: TokenFeed
    feed: Feed
    learner: Any
    scores: "Scores"


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
    scores = make_scores(learner, inputs.tokenizer, specials, held_out, measuring_of(config, work), work.progress)
    return Setup(model, shares, drawn, feed, learner, scores)


def outlined(inputs: PretrainInputs, config: PretrainConfig, work: Work) -> Setup:
    """The training with a model that has shapes and no weights: nothing can be learnt, and nothing is loaded."""
    return set_up(inputs, config, work, is_outline=True)


def wanted_rows(shares: Shares, config: PretrainConfig, parameters: int) -> int:
    """Rows that the settings ask for, whether or not the corpora have them."""
    wanted = config.max_train_tokens or round(config.tokens_per_parameter * parameters)
    return round(wanted / shares.tokens_per_row())


def _shares(inputs: PretrainInputs, config: PretrainConfig) -> Shares:
    named = [(one.name, one.shards) for one in inputs.mixed] or [("", inputs.shards)]
    corpora = [PackedCorpus.open(folder, config.sequence_tokens, name) for name, folder in named]
    return Shares.of(corpora, config.weights)


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


def _feed(shares: Shares, config: PretrainConfig, parameters: int, seed: int) -> TokenFeed:
    wanted = wanted_rows(shares, config, parameters)
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


def measuring_of(config: PretrainConfig, work: Work) -> Measuring:
    """What is told of held-out documents."""
    return Measuring(
        config.objective,
        config.sequence_tokens,
        config.micro_batch_sequences,
        config.evaluation_tokens,
        config.final_tokens,
        speaks=work.processes.count == 1,
    )


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
