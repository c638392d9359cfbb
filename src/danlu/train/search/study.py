"""Trials one after another, kept in a study of Optuna in SQLite: a killed search goes on with the trial that was broken off.

Optuna keeps the trials and decides which to give up: the median rule (Golovin et al. 2017, Google Vizier, section 3.2.1) ends a
trial whose score at some step is worse than the median of the earlier trials' at that step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from danlu.core.errors import UserError, WorkFailed
from danlu.loop.faults import CannotLearn
from danlu.train.search.space import Dimension, settings_of_trial

_STUDY = "search"
_WATCHED_TRIALS = 3
"""Trials that are finished whatever they score, so that a median means something."""
_NUMBER, _PROBLEM, _TOKENS = "number", "problem", "tokens"

Report = Callable[[int, float, int], None]
"""Called with (step, score, tokens so far); raises GivenUp when the trial is not worth going on with."""
Objective = Callable[[Mapping[str, Any], Report], None]
"""Trains with some settings and reports its scores; the last one is the trial's. Lower is better."""


class GivenUp(Exception):
    """The trial scores worse than most did at this step."""


@dataclass(frozen=True)
class Trial:
    """What came of one trial."""

    number: int
    settings: dict[str, Any]
    state: Literal["done", "given up", "failed"]
    score: float | None
    """The last one; of a trial that was given up the one at which it was. None when it failed."""
    scores: dict[int, float]
    tokens: int
    problem: str


def run_trials(
    objective: Objective,
    space: tuple[Dimension, ...],
    database: Path,
    *,
    count: int,
    seed: int,
    prunes: bool,
    tell: Callable[[Trial, int], None],
) -> list[Trial]:
    """All trials, those of an interrupted search taken over; `tell` hears of each with the number that are done."""
    study = _open(database, prunes)
    from optuna.trial import TrialState

    for broken_off in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(broken_off.number, state=TrialState.FAIL)
    done = _finished(study)
    for number in range(count):
        if number in done:
            continue
        settings = settings_of_trial(space, number, seed)
        done[number] = _run(study, objective, number, settings)
        tell(done[number], len(done))
    return [done[number] for number in range(count)]


def _open(database: Path, prunes: bool) -> Any:
    try:
        import optuna
    except ImportError:
        raise UserError("danlu search needs the package optuna", "pip install 'danlu[search]'") from None

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rule = optuna.pruners.MedianPruner(n_startup_trials=_WATCHED_TRIALS) if prunes else optuna.pruners.NopPruner()
    database.parent.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        storage=f"sqlite:///{database}",
        study_name=_STUDY,
        load_if_exists=True,
        direction="minimize",
        pruner=rule,
    )


def _run(study: Any, objective: Objective, number: int, settings: dict[str, Any]) -> Trial:
    from optuna.trial import TrialState

    trial = study.ask()
    trial.set_user_attr(_NUMBER, number)
    trial.set_user_attr("settings", settings)

    def report(step: int, score: float, tokens: int) -> None:
        trial.report(score, step)
        trial.set_user_attr(_TOKENS, tokens)
        if trial.should_prune():
            raise GivenUp

    try:
        objective(settings, report)
    except GivenUp:
        study.tell(trial, state=TrialState.PRUNED)
    except CannotLearn as failure:  # a rate that is too high diverges: that is a result
        trial.set_user_attr(_PROBLEM, failure.message)
        study.tell(trial, state=TrialState.FAIL)
    else:
        kept = study.trials[trial.number].intermediate_values
        study.tell(trial, kept[max(kept)])
    return _record(study.trials[trial.number])


def _finished(study: Any) -> dict[int, Trial]:
    """By number; a trial that was broken off has no result and no problem."""
    records = [_record(trial) for trial in study.trials if _NUMBER in trial.user_attrs]
    return {one.number: one for one in records if one.state != "failed" or one.problem}


def _record(trial: Any) -> Trial:
    states: dict[str, Literal["done", "given up", "failed"]] = {"COMPLETE": "done", "PRUNED": "given up"}
    scores = dict(sorted(trial.intermediate_values.items()))
    state = states.get(trial.state.name, "failed")
    return Trial(
        trial.user_attrs[_NUMBER],
        dict(trial.user_attrs["settings"]),
        state,
        None if state == "failed" or not scores else scores[max(scores)],
        scores,
        trial.user_attrs.get(_TOKENS, 0),
        trial.user_attrs.get(_PROBLEM, ""),
    )


def best_of(trials: Sequence[Trial]) -> Trial:
    """The finished trial with the lowest score, the earlier of two equal ones; raises WorkFailed when none was finished."""
    finished = [trial for trial in trials if trial.state == "done" and trial.score is not None]
    if not finished:
        raise WorkFailed(
            "none of {count} trials was finished: {problem}",
            "Search lower learning rates.",
            count=len(trials),
            problem=next((trial.problem for trial in trials if trial.problem), ""),
        )
    return min(finished, key=lambda trial: (trial.score, trial.number))
