"""The training of a classifier, a tagger or a reader before its first step."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import Phrase
from danlu.core.stages import Work
from danlu.loop.head_learners import SpanLearner, TagLearner
from danlu.loop.label_batch import LabelBatch, LabelledRow
from danlu.loop.predict import Schedule
from danlu.loop.probe import Subject, scan
from danlu.loop.token_batch import IGNORED
from danlu.text.records import Reject
from danlu.train.heads import classify, classify_dataset, span, tag
from danlu.train.heads.classify import ClassifyConfig
from danlu.train.heads.config import HeadInputs
from danlu.train.heads.framing import Framing
from danlu.train.heads.model import Task, load_base, load_head, save
from danlu.train.heads.sides import Sides
from danlu.train.heads.span import SpanConfig
from danlu.train.heads.tag import TagConfig
from danlu.train.heads.training import CHECKPOINTS_KEPT, checkpoint_every_steps, feed_of, optimization, outputs_of
from danlu.train.learning_outlook import AtOnce, Dials, asked_of, config_of
from danlu.train.outlook import Example, Outlook, read_tokenizer

Config = ClassifyConfig | TagConfig | SpanConfig
_TRIED_ROWS = 64


@dataclass(frozen=True)
class _Material:
    """Rows as tokens, and what they are to be told as."""

    framing: Framing
    rows: dict[str, list[LabelledRow]]
    """By side."""
    sides: Sides
    rejects: Sequence[Reject]
    names: tuple[str, ...]
    """Of labels, or of tags; none for a reader."""
    dataset: Any

    @property
    def tokens(self) -> dict[str, int]:
        """Of each side."""
        return {side: sum(len(row.ids) for row in rows) for side, rows in self.rows.items()}


def head_outlook(inputs: HeadInputs, config: Config, work: Work) -> Outlook:
    """What is known before a weight is loaded. Raises UserError for data that cannot be learnt from."""
    bare = replace(work, observers=())
    material = _read(inputs, config, work.seed)
    feed = feed_of(material.rows["training"], _in_all(config), material.framing.pad_id, work.seed)
    lengths = [len(row.ids) for row in material.rows["training"]]
    bounds, at_once = {"sequence_tokens": max(lengths)}, partial(_at_once, lengths)
    dials = Dials(_task(config), config, "micro_batch_tokens", 32, bounds, at_once)
    return Outlook(
        rows=_rows(material),
        of_what="rows",
        examples=[_example(inputs.base, config, material, feed.batches(0)[0])],
        # the best epoch's weights are kept
        asked=asked_of(config_of(inputs.base), dials, copies=bool(material.rows["validation"])),
        workload=scan(feed),
        schedule=Schedule(1, checkpoint_every_steps(feed), CHECKPOINTS_KEPT, _scored_tokens(material, config)),
        subject=partial(subject, inputs, config, bare),
        outline=partial(_read, inputs, config, work.seed),
    )


def _at_once(lengths: Sequence[int], config: Config) -> AtOnce | None:
    """A step's rows, or as many of them as may go together, one of them the longest. Of shorter windows there are more."""
    longest = max(lengths)
    row = min(longest, config.sequence_tokens)
    if config.long_texts == "reject" and min(lengths) > row:
        return None
    step = row * min(config.step_rows, len(lengths) * -(-longest // row))
    return AtOnce(
        tokens=min(config.micro_batch_tokens, step),
        longest=row,
        accumulates=step > config.micro_batch_tokens,
        recompute_above=config.micro_batch_tokens,
    )


def subject(inputs: HeadInputs, config: Config, work: Work) -> Subject:
    """The training for a trial, with scores of a few rows."""
    torch.set_num_threads(work.threads)
    material = _read(inputs, config, work.seed)
    model, learner, head = _made(inputs.base, config, material, work.seed)
    pad_id, rows = material.framing.pad_id, material.rows["training"]
    few = (material.rows["validation"] or rows)[:_TRIED_ROWS]

    def score() -> int:
        outputs_of(model, few, pad_id, config.micro_batch_tokens)
        return sum(len(row.ids) for row in few)

    def finish(folder: Path) -> None:
        save(model, inputs.base, folder, head)
        load_head(folder, threads=work.threads)

    feed, keeps_best = feed_of(rows, _in_all(config), pad_id, work.seed), bool(material.rows["validation"])
    return Subject(learner, feed, optimization(config), score, finish, keeps_best)


def _read(inputs: HeadInputs, config: Config, seed: int) -> _Material:
    """The rows, parted and as tokens, as the training reads them."""
    config.check()
    framing = Framing.load(inputs.base, config.sequence_tokens)
    dataset: Any
    names: tuple[str, ...] = ()
    match config:
        case ClassifyConfig():
            dataset = classify_dataset.prepare(inputs, config, framing, seed)
            names = dataset.labels
        case TagConfig():
            dataset, names = tag.prepare(inputs, config, framing, seed)
        case SpanConfig():
            dataset = span.prepare(inputs, config, framing, seed)
    sides = {"training": dataset.sides.train, "validation": dataset.sides.validation, "test": dataset.sides.test}
    rows = {name: dataset.of(side) for name, side in sides.items()}
    return _Material(framing, rows, dataset.sides, dataset.rejects, names, dataset)


def _made(base: Path, config: Config, material: _Material, seed: int) -> tuple[Any, Any, dict[str, Any]]:
    """The model with its new head, its learner, and what `head.json` would say."""
    framing, names = material.framing, material.names
    if isinstance(config, ClassifyConfig):
        is_debiased = bool(config.debias_field)
        model, learner = classify.untrained(base, material.dataset, config, framing, seed, is_debiased=is_debiased)
        return model, learner, classify.head_facts(material.dataset, framing, config, 1.0)
    model = load_base(base, _task(config), list(names), is_multi_label=False, pad_id=framing.pad_id, seed=seed)
    if isinstance(config, TagConfig):
        return model, TagLearner(model), tag.head_facts(names, framing, config)
    return model, SpanLearner(model), span.head_facts(framing, config, may_refuse=True)


def _task(config: Config) -> Task:
    """The name of the stage, too."""
    match config:
        case ClassifyConfig():
            return "classify"
        case TagConfig():
            return "tag"
        case SpanConfig():
            return "span"


def _in_all(config: Config) -> Config:
    """With the epochs of all trainings: a debiased classifier is trained without and with its adversary."""
    is_twice = isinstance(config, ClassifyConfig) and config.debias_field
    return config.model_copy(update={"epochs": 2 * config.epochs}) if is_twice else config


def _scored_tokens(material: _Material, config: Config) -> int:
    """After each epoch the loss and the score of the validation rows; in the end both sides as trained and as read from disk."""
    tokens = material.tokens
    return 2 * tokens["validation"] * _in_all(config).epochs + 2 * (tokens["validation"] + tokens["test"])


def _rows(material: _Material) -> list[tuple[str, int]]:
    sides = material.sides
    counts = {"training rows": sides.train, "validation rows": sides.validation, "test rows": sides.test}
    left_out = Counter(reject.rule for reject in material.rejects)
    return [*((name, len(rows)) for name, rows in counts.items() if rows), *left_out.items()]


def _example(base: Path, config: Config, material: _Material, batch: LabelBatch) -> Example:
    """The first row of the first step. Of a text with a label no token is learnt; entities and answers are shown where they stand."""
    real_T = batch.mask_BT[0] == 1
    ids, labels = batch.ids_BT[0][real_T].tolist(), batch.labels_BX[0].tolist()
    match config:
        case ClassifyConfig():
            numbers = [at for at, is_so in enumerate(labels) if is_so] if material.dataset.is_multi_label else labels
            said = ", ".join(material.names[at] for at in numbers) or Phrase("none of the labels")
            mask = [False] * len(ids)
            what = Phrase("the first example, which is to be told as {labels}", labels=said)
        case TagConfig():
            mask = [label not in (0, IGNORED) for label in labels[: len(ids)]]
            tags = [material.names[label] for label in labels if label not in (0, IGNORED)]
            kinds = ", ".join(tag.removeprefix("B-") for tag in tags if tag.startswith("B-"))
            what = Phrase("the first example, in which is to be found: {labels}", labels=kinds or Phrase("nothing"))
        case SpanConfig():
            mask = [labels[0] <= at <= labels[1] for at in range(len(ids))]
            what = Phrase("the first example, whose answer is to be pointed at; the first token stands for none")
    return Example(read_tokenizer(base), ids, mask, what)
