"""The training of an anomaly head before its first step.

Its rows are windows of numbers, so no example is shown, and its network is too small for a formula of its memory.
"""

from dataclasses import replace
from functools import partial

import torch

from danlu.core.outside import DataFile
from danlu.core.stages import Work
from danlu.loop.forecast import ForecastLearner
from danlu.loop.predict import Schedule
from danlu.loop.probe import Subject, scan
from danlu.train.anomaly.head import errors_of
from danlu.train.anomaly.stage import AnomalyConfig, prepare, write_weights
from danlu.train.learning import CHECKPOINT_EVERY_STEPS, optimization
from danlu.train.outlook import Outlook


def anomaly_outlook(file: DataFile, config: AnomalyConfig, work: Work) -> Outlook:
    """What is known before the first step. Raises UserError for a series that cannot be learnt from."""
    bare, got = replace(work, observers=()), prepare(file, config, work.seed)
    return Outlook(
        rows=[(name, count) for name, count in got.counts.items() if count],
        of_what="moments",
        examples=(),
        asked=None,
        workload=scan(got.feed),
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=len(got.normal_T)),
        subject=partial(subject, file, config, bare),
        outline=partial(prepare, file, config, work.seed),
    )


def subject(file: DataFile, config: AnomalyConfig, work: Work) -> Subject:
    """The training for a trial, with the scores of all moments."""
    torch.set_num_threads(work.threads)
    got = prepare(file, config, work.seed)

    def score() -> int:
        return len(errors_of(got.forecaster, got.scaled_TC, config.window))

    finish = partial(write_weights, got.forecaster)
    return Subject(ForecastLearner(got.forecaster), got.feed, optimization(config, config.learning_rate), score, finish)
