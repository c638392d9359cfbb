"""The stage around a search over fine-tuning: a report with every trial, the best settings, and the options that set them."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from danlu.core.artifacts import Chats, Checkpoint, Report
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.train.finetune import FinetuneConfig
from danlu.train.search.finetune_trial import checked, finetune_objective, part
from danlu.train.search.space import read_space, settings_of_trial
from danlu.train.search.study import Trial, best_of, run_trials


class SearchConfig(Config):
    """How a search is done. Its budget is trials times `finetune.max_train_tokens`, of which bad trials use a part only."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 16
    """Sobol's sequence covers a space best with a power of two."""
    evaluations: Annotated[int, Field(ge=1, le=100)] = 4
    """Scores taken in one trial; after each a bad one may be given up."""
    prune: bool = True
    """Give up trials that score worse than the median at the same step (Golovin et al. 2017)."""
    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Of the conversations, to score with; two at least."""


class FinetuneSearch(SearchConfig):
    """The search, what it searches, and the training that it is about."""

    ranges: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    """Setting of finetune to LOW:HIGH or A|B|C."""
    finetune: FinetuneConfig = FinetuneConfig()
    """Of every trial, where nothing is searched."""

    def check(self, seed: int) -> None:
        """Raise UserError for a range that is none, or values that the training does not take."""
        space = read_space(self.ranges)
        for number in range(self.trials):
            checked(self.finetune, settings_of_trial(space, number, seed))


def _search(work: Work, config: FinetuneSearch, *, base: Checkpoint, chats: Chats) -> Facts:
    space = read_space(config.ranges)
    parted = part(base.path, chats.train, config.finetune, config.held_out_share, work.seed)
    objective = finetune_objective(
        base.path, parted, config.finetune, config.evaluations, work.seed, work.threads
    )  # fmt: skip

    def tell(trial: Trial, done: int) -> None:
        score = trial.problem if trial.score is None else f"{trial.score:.4f}"
        work.progress.line(f"trial {trial.number}: {_options(trial.settings)}: {score} ({trial.state})")
        work.progress.advance(done, config.trials)

    trials = run_trials(
        objective, space, work.scratch / "study.db", count=config.trials, seed=work.seed, prunes=config.prune, tell=tell
    )  # fmt: skip
    best = best_of(trials)
    report = {
        "trials": [vars(trial) for trial in trials],
        "best": {"number": best.number, "settings": best.settings, "nats_per_token": best.score},
        "options": _options(best.settings),
    }
    (work.folder / "report.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Facts(_counts(trials), note=f"best: {report['options']}, {best.score:.4f} held-out nats per token")


def _options(settings: Mapping[str, Any]) -> str:
    return " ".join(f"--set finetune.{name}={value}" for name, value in sorted(settings.items()))


def _counts(trials: list[Trial]) -> dict[str, int]:
    states = [trial.state for trial in trials]
    return {
        "trials": len(trials), "done": states.count("done"), "given up": states.count("given up"),
        "failed": states.count("failed"), "train tokens": sum(trial.tokens for trial in trials),
    }  # fmt: skip


search_finetune = Stage(
    "search_finetune",
    version=1,
    makes=Report,
    body=_search,
    config=FinetuneSearch,
    numeric=True,
    resumable=True,
    libraries=("optuna", "peft", "safetensors", "scipy", "tokenizers", "torch", "transformers"),
)
