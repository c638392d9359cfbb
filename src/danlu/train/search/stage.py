"""The stages around a search: a report with every trial, the best settings, and the options that set them."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from danlu.core.artifacts import Artifact, Chats, Checkpoint, Report, TokenShards
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.loop.token_feed import RULES
from danlu.train.finetune import FinetuneConfig
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.pretrain_setup import PretrainInputs
from danlu.train.search import finetune_trial, pretrain_trial
from danlu.train.search.pretrain_trial import Equal
from danlu.train.search.space import read_space, settings_of_trial
from danlu.train.search.study import Objective, Trial, best_of, run_trials
from danlu.train.tokenize.tokenizer import TokenizerFiles


class SearchConfig(Config):
    """How a search is done. Its budget is trials times the stage's `max_train_tokens`, of which bad trials use a part only."""

    trials: Annotated[int, Field(ge=1, le=10_000)] = 16
    """Sobol's sequence covers a space best with a power of two."""
    evaluations: Annotated[int, Field(ge=1, le=100)] = 4
    """Scores taken in one trial; after each a bad one may be given up."""
    prune: bool = True
    """Give up trials that score worse than the median at the same step (Golovin et al. 2017)."""


class FinetuneSearchConfig(SearchConfig):
    """A search over fine-tuning."""

    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Of the conversations, to score with; two at least."""


class PretrainSearchConfig(SearchConfig):
    """A search over pretraining."""

    equal: Equal = "compute"
    """What all trials have alike: a larger model has fewer tokens at equal compute (Hoffmann et al. 2022), or tokens."""


class FinetuneSearch(FinetuneSearchConfig):
    """The search, what it searches, and the training that it is about."""

    ranges: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    """Setting of finetune to LOW:HIGH or A|B|C."""
    finetune: FinetuneConfig = FinetuneConfig()
    """Of every trial, where nothing is searched."""

    def check(self, seed: int) -> None:
        """Raise UserError for a range that is none, or values that the training does not take."""
        space = read_space(self.ranges)
        for number in range(self.trials):
            finetune_trial.checked(self.finetune, settings_of_trial(space, number, seed))


class PretrainSearch(PretrainSearchConfig):
    """The search, what it searches, and the training that it is about."""

    ranges: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    """Setting of pretrain to LOW:HIGH or A|B|C."""
    pretrain: PretrainConfig = PretrainConfig()
    """Of every trial, where nothing is searched."""

    def check(self, seed: int, *, is_gone_on: bool) -> None:
        """Raise UserError for a range that is none, values that the training does not take, or a trial without a budget."""
        space = read_space(self.ranges)
        pretrain_trial.check_budget(self.pretrain, {one.name for one in space}, is_gone_on)
        for number in range(self.trials):
            pretrain_trial.checked(self.pretrain, settings_of_trial(space, number, seed))


def _search_finetune(work: Work, config: FinetuneSearch, *, base: Checkpoint, chats: Chats) -> Facts:
    parted = finetune_trial.part(base.path, chats.train, config.finetune, config.held_out_share, work.seed)
    objective = finetune_trial.finetune_objective(
        base.path, parted, config.finetune, config.evaluations, work.seed, work.threads
    )
    return _search(work, config, config.ranges, objective, "finetune", "nats per reply token")


def _search_pretrain(
    work: Work,
    config: PretrainSearch,
    *,
    shards: TokenShards,
    held_out: TokenShards,
    tokenizer: TokenizerFiles | Artifact,
    base: Checkpoint | None = None,
) -> Facts:
    inputs = PretrainInputs(shards.path, held_out.path, tokenizer.path, base.path if base else None)
    objective = pretrain_trial.pretrain_objective(inputs, config.pretrain, config.equal, config.evaluations, work)
    unit = "bits per byte" if config.pretrain.objective == "causal" else "nats per token to be told"
    return _search(work, config, config.ranges, objective, "pretrain", unit)


def _search(
    work: Work, config: SearchConfig, ranges: Mapping[str, str], objective: Objective, stage: str, unit: str
) -> Facts:
    """All trials, and the report; `unit` is the score's."""

    def tell(trial: Trial, done: int) -> None:
        score = trial.problem if trial.score is None else f"{trial.score:.4f}"
        work.progress.line(f"trial {trial.number}: {_options(stage, trial.settings)}: {score} ({trial.state})")
        work.progress.advance(done, config.trials)

    trials = run_trials(
        objective, read_space(ranges), work.scratch / "study.db",
        count=config.trials, seed=work.seed, prunes=config.prune, tell=tell,
    )  # fmt: skip
    best = best_of(trials)
    report = {
        "trials": [vars(trial) for trial in trials],
        "best": {"number": best.number, "settings": best.settings, "score": best.score},
        "unit": unit,
        "options": _options(stage, best.settings),
    }
    (work.folder / "report.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Facts(_counts(trials), note=f"best: {report['options']}, {best.score:.4f} {unit} held out")


def _options(stage: str, settings: Mapping[str, Any]) -> str:
    return " ".join(f"--set {stage}.{name}={value}" for name, value in sorted(settings.items()))


def _counts(trials: list[Trial]) -> dict[str, int]:
    states = [trial.state for trial in trials]
    return {
        "trials": len(trials), "done": states.count("done"), "given up": states.count("given up"),
        "failed": states.count("failed"), "train tokens": sum(trial.tokens for trial in trials),
    }  # fmt: skip


search_finetune = Stage(
    "search_finetune",
    version=2,
    makes=Report,
    body=_search_finetune,
    config=FinetuneSearch,
    numeric=True,
    resumable=True,
    libraries=("optuna", "peft", "safetensors", "scipy", "tokenizers", "torch", "transformers"),
)
search_pretrain = Stage(
    "search_pretrain",
    version=1,
    makes=Report,
    body=_search_pretrain,
    config=PretrainSearch,
    numeric=True,
    resumable=True,
    libraries=("numpy", "optuna", "safetensors", "scipy", "tokenizers", "torch", "transformers"),
    rules=RULES,
)
