"""Pretraining: a model learns documents, from random weights or on from an open model's."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from danlu.core.artifacts import Manifest
from danlu.core.hashing import hash_facts
from danlu.core.processes import ALONE
from danlu.core.stages import Work
from danlu.loop.shards import Shards
from danlu.model.chat import ChatFormat
from danlu.model.checkpoint_files import model_hash, save_checkpoint
from danlu.model.stops import declare_stop
from danlu.train.mixing import CorpusUse
from danlu.train.pretrain_config import PretrainConfig, optimization
from danlu.train.pretrain_setup import PretrainInputs, Setup, measuring_of, set_up, wanted_rows

if TYPE_CHECKING:
    from danlu.loop.loop import Trained
    from danlu.loop.optimizers import Optimization
    from danlu.loop.probe import Subject

CHECKPOINTS = 20
"""In a whole training: a kill costs a twentieth of it at most."""
EVALUATIONS = 5
"""In a whole training, about."""
_TRIED_BATCHES = 2
"""Of held-out tokens, scored in a trial."""


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
    _write_record(work.folder, facts, trained, optimization(config, inputs.base is not None))
    return facts


def _share(inputs: PretrainInputs, config: PretrainConfig, work: Work) -> None:
    """What one of several processes does."""
    _train(set_up(inputs, config, work), inputs, config, work)


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

    how = optimization(config, inputs.base is not None)
    return Subject(setup.learner, setup.feed, how, score, finish, keeps_best=config.patience is not None)


def _scores_by_corpus(setup: Setup, inputs: PretrainInputs, config: PretrainConfig, work: Work) -> list[float]:
    """Of the held-out documents of each of several corpora."""
    from danlu.train.objectives import Specials
    from danlu.train.pretrain_scores import make_scores

    specials = Specials.read(inputs.tokenizer, setup.shares.corpora[0].shards.encoding.end_id)
    measuring = measuring_of(config, work)
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


def _facts_of(inputs: PretrainInputs) -> list[str]:
    """What a saved state must agree on before it is taken up."""
    base = [model_hash(inputs.base)] if inputs.base else []
    mixed = [one.shards for one in inputs.mixed]
    return [*(Manifest.read(folder).content_hash for folder in (inputs.shards, inputs.held_out, *mixed)), *base]


def _facts(setup: Setup, config: PretrainConfig, trained: "Trained", by_corpus: Sequence[float]) -> PretrainFacts:
    feed, uses = setup.feed, setup.drawn.uses()
    read, rows = sum(use.sequences for use in uses), sum(use.rows for use in uses)
    steps = len(trained.losses)
    losses = [loss for loss in trained.losses if loss is not None]
    parameters = sum(weight.numel() for weight in setup.model.parameters())
    is_short = wanted_rows(setup.shares, config, parameters) > setup.shares.most_rows(config.max_epochs)
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


def _write_record(out_dir: Path, facts: PretrainFacts, trained: "Trained", how: "Optimization") -> None:
    record = {
        **asdict(facts),
        "optimization": asdict(how),
        "nats_per_token_by_step": trained.losses,
        "left_out": trained.left_out,
        "returns": trained.returns,
        "held_out_by_step": trained.scores,
        "best_step": trained.best_step,
    }
    (out_dir / "training.json").write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
