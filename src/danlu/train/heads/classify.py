"""A classifier of texts on any encoder: one label of several, or any number of labels.

As in Devlin et al. 2019 (arXiv 1810.04805): a linear layer over the encoder's summary of the text, all weights trained. A text
that is longer than the model reads goes through it in windows, whose logits are averaged.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.stages import Work
from danlu.train.heads.classify_dataset import Dataset, prepare
from danlu.train.heads.classify_report import Judged, report
from danlu.train.heads.config import HeadConfig, HeadInputs
from danlu.train.heads.framing import Framing
from danlu.train.heads.metrics_classes import fit_temperature

_LEAST_FOR_TEMPERATURE = 30


class ClassifyConfig(HeadConfig):
    """What shapes a classifier."""

    labels: tuple[str, ...] = ()
    """The labels there may be, so that a misspelt one is refused; empty: those of the data."""
    long_texts: Literal["window", "cut", "reject"] = "window"
    """What becomes of texts over `sequence_tokens`: all of it in windows, its beginning alone, or left out. Counted in each case."""
    debias_field: str | None = None
    """A field of the data with a protected attribute that the classifier must not tell: trained twice, without and with an adversary."""
    debias_for: Literal["demographic parity", "equalised odds"] = "equalised odds"
    """What the adversary enforces: equal shares of each label, or equal shares among rows with the same true label."""
    debias_strength: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How much the adversary counts beside the labels; 1 in Ganin et al. 2016, more buys smaller gaps with accuracy."""


def train_classifier(inputs: HeadInputs, config: ClassifyConfig, work: Work) -> tuple[Dataset, dict[str, Any]]:
    """Train, write the checkpoint with `head.json` and `report.json` into `work.folder`, and return the data and the report.

    Killed at any moment and called again with the same `work.scratch`, it ends with the same bytes. All figures are of the
    model as read back from disk. Raises UserError for data that cannot be learnt from.
    """
    import torch

    from danlu.train.heads.model import save

    config.check()
    torch.set_num_threads(work.threads)
    framing = Framing.load(inputs.base, config.sequence_tokens)
    dataset = prepare(inputs, config, framing, work.seed)
    plain = None
    if config.debias_field:
        plain, _ = _trained(inputs.base, dataset, config, framing, work, is_debiased=False)
    model, course = _trained(inputs.base, dataset, config, framing, work, is_debiased=bool(config.debias_field))
    temperature = _temperature(model, dataset, framing, config)
    save(model, inputs.base, work.folder, head_facts(dataset, framing, config, temperature))
    found = _measured(model, plain, dataset, framing, config, work.folder, temperature, work.threads) | course
    (work.folder / "report.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return dataset, found


def text_logits(outputs: Sequence[NDArray[np.float64]], counts: Sequence[int]) -> NDArray[np.float64]:
    """Mean logits of each text's windows (N, L), from those of all windows in order."""
    ends = np.cumsum(counts)
    return np.stack([np.mean(outputs[end - count : end], axis=0) for end, count in zip(ends, counts, strict=True)])


def _trained(
    base: Path, dataset: Dataset, config: ClassifyConfig, framing: Framing, work: Work, *, is_debiased: bool
) -> tuple[Any, dict[str, Any]]:
    """A trained model, and the course of its training."""
    from danlu.train.heads.training import score_by_epoch, train_head, training_key

    model, learner = untrained(base, dataset, config, framing, work.seed, is_debiased=is_debiased)

    def score() -> float:
        judged = _judged(model, dataset, dataset.sides.validation, framing, config)
        return judged.score(config.debias_for if is_debiased else "")

    rows = dataset.of(dataset.sides.train)
    key = training_key(base, rows, config, work.seed, "debiased" if is_debiased else "plain")
    validation = dataset.of(dataset.sides.validation)
    name = "model" if is_debiased or not config.debias_field else "plain"
    trained = train_head(learner, rows, validation, config, score, work, key, framing.pad_id, name)
    steps_per_epoch = -(-len(rows) // config.step_rows)
    course = {
        "steps": len(trained.losses),
        "steps_left_out": len(trained.left_out),
        "best_epoch": -(-trained.best_step // steps_per_epoch) if trained.best_step else config.epochs,
        "validation_score_by_epoch": score_by_epoch(trained),
        "first_loss": trained.losses[0],
        "last_loss": trained.losses[-1],
    }
    return model, course


def untrained(
    base: Path, dataset: Dataset, config: ClassifyConfig, framing: Framing, seed: int, *, is_debiased: bool
) -> tuple[Any, Any]:
    """The model with its new head, and its learner."""
    import torch

    from danlu.loop.adversary import DebiasedLearner
    from danlu.loop.head_learners import ClassLearner, YesNoLearner
    from danlu.train.heads.model import load_base

    labels = list(dataset.labels)
    model = load_base(base, "classify", labels, is_multi_label=dataset.is_multi_label, pad_id=framing.pad_id, seed=seed)
    if not is_debiased:
        return model, YesNoLearner(model) if dataset.is_multi_label else ClassLearner(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = DebiasedLearner(
            model,
            labels=len(labels),
            groups=len(dataset.groups),
            is_multi_label=dataset.is_multi_label,
            sees_labels=config.debias_for == "equalised odds",
            strength=config.debias_strength,
        )
    return model, learner


def _judged(model: Any, dataset: Dataset, side: Sequence[int], framing: Framing, config: ClassifyConfig) -> Judged:
    from danlu.train.heads.training import outputs_of

    outputs = outputs_of(model, dataset.of(side), framing.pad_id, config.micro_batch_tokens)
    logits_NL = text_logits(outputs, [len(dataset.rows[at]) for at in side])
    truth = [[label in dataset.texts[at].labels for label in dataset.labels] for at in side]
    groups = tuple(dataset.texts[at].group for at in side)
    return Judged(logits_NL, np.array(truth), dataset.labels, groups, dataset.is_multi_label)


def _temperature(model: Any, dataset: Dataset, framing: Framing, config: ClassifyConfig) -> float:
    """1 where too little validates: on a few rows that are all right the likeliest certainty is without bound."""
    if len(dataset.sides.validation) < _LEAST_FOR_TEMPERATURE:
        return 1.0
    judged = _judged(model, dataset, dataset.sides.validation, framing, config)
    if (judged.said_NL == judged.truth_NL).all():
        return 1.0
    return fit_temperature(judged.logits_NL, judged.truth_NL if dataset.is_multi_label else judged.truth_N)


def _measured(
    model: Any, plain: Any | None, dataset: Dataset, framing: Framing, config: ClassifyConfig, out: Path,
    temperature: float, threads: int,
) -> dict[str, Any]:  # fmt: skip
    """The report: the model on disk is compared with the trained one, and then judged."""
    from danlu.train.heads.model import load_head
    from danlu.train.heads.training import check_read_back, outputs_of

    sides = dataset.sides
    probe = dataset.of(sides.test or sides.validation or sides.train)[:64]
    written, _ = load_head(out, threads=threads)
    pairs = [outputs_of(each, probe, framing.pad_id, config.micro_batch_tokens) for each in (model, written)]
    found: dict[str, Any] = {"task": "classify", "largest_difference_on_disk": check_read_back(pairs[0], pairs[1], out)}
    for name, side in (("validation", sides.validation), ("test", sides.test)):
        if not side:
            continue
        found[name] = report(_judged(written, dataset, side, framing, config), temperature)
        if plain is not None:
            found[name]["without_debiasing"] = report(_judged(plain, dataset, side, framing, config), 1.0)
    return found


def head_facts(dataset: Dataset, framing: Framing, config: ClassifyConfig, temperature: float) -> dict[str, Any]:
    """For `head.json`."""
    return {
        "task": "classify",
        "labels": list(dataset.labels),
        "is_multi_label": dataset.is_multi_label,
        "sequence_tokens": framing.max_tokens,
        "long_texts": config.long_texts,
        "temperature": temperature,
    }
