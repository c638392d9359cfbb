"""One trial of a search over pretraining: a short training with some settings, scored on documents that it does not learn from.

A larger model learns more from a token and takes longer for it. At equal compute, as in Hoffmann et al. 2022 (arXiv 2203.15556),
each trial costs about the same, and a larger model sees fewer tokens: otherwise the largest always wins.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any, Literal

from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.shards import Shards
from danlu.model.decoders import WIDTH_PER_LAYER
from danlu.train.pretrain_config import PretrainConfig, optimization
from danlu.train.pretrain_setup import PretrainInputs, set_up
from danlu.train.search.space import check_settings
from danlu.train.search.study import Report

Equal = Literal["compute", "tokens"]


def checked(config: PretrainConfig, settings: Mapping[str, Any]) -> PretrainConfig:
    """The configuration with a trial's settings; raises UserError when it does not have one, or not with this value."""
    return check_settings("pretrain", config, settings)


def check_budget(config: PretrainConfig, names: set[str], is_gone_on: bool) -> None:
    """Raises UserError when a trial has no budget, or its shape cannot be searched."""
    if config.max_train_tokens is None:
        raise UserError(
            "pretrain.max_train_tokens is not set: it is what one trial may take",
            "For example: --set pretrain.max_train_tokens=500000",
        )
    if is_gone_on and "layers" in names:
        raise UserError(
            "search.layers and --base exclude each other",
            "A model that is gone on with has its shape: leave out one of the two.",
        )


def with_budget(trial: PretrainConfig, usual: PretrainConfig, vocabulary_size: int, equal: Equal) -> PretrainConfig:
    """The trial with so many tokens that it costs what the usual shape costs for its own."""
    assert usual.max_train_tokens is not None, "checked before"
    if equal == "tokens" or trial.layers == usual.layers:
        return trial
    share = _cost(usual, vocabulary_size) / _cost(trial, vocabulary_size)
    return trial.model_copy(update={"max_train_tokens": max(1, round(share * usual.max_train_tokens))})


def _cost(config: PretrainConfig, vocabulary_size: int) -> int:
    """Products per token: 12 squares of the width in each layer, and the output head."""
    width = WIDTH_PER_LAYER * config.layers
    return 12 * config.layers * width**2 + vocabulary_size * width


def pretrain_objective(
    inputs: PretrainInputs, config: PretrainConfig, equal: Equal, evaluations: int, work: Work
) -> Callable[[Mapping[str, Any], Report], None]:
    """What a trial does with its settings. Everything in it follows from them and the seed."""
    vocabulary_size = Shards.open(inputs.shards).encoding.vocabulary_size
    quiet = replace(work, progress=Silent(), observers=())

    def objective(settings: Mapping[str, Any], report: Report) -> None:
        from danlu.loop.checkpoint import Checkpoints
        from danlu.loop.loop import Evaluation, train

        trial = with_budget(checked(config, settings), config, vocabulary_size, equal)
        few = trial.model_copy(update={"final_tokens": trial.evaluation_tokens})  # of which no texts are said
        setup = set_up(inputs, few, quiet)
        steps, feed = setup.feed.steps, setup.feed
        every = -(-steps // evaluations)

        def score(done: int) -> float:
            found = setup.scores.final()["all"]
            # Trials of different lengths are compared at the same share of their budgets.
            report(-(-done // every), found, sum(feed.tokens(step) for step in range(done)))
            return found

        with TemporaryDirectory(dir=work.scratch) as folder:  # a trial that is broken off starts again
            checkpoints = Checkpoints(work.scratch / folder / "trial", steps + 1, "trial")
            how = optimization(trial, inputs.base is not None)
            train(
                setup.learner, feed, how, checkpoints, Silent(), seed=work.seed, evaluation=Evaluation(every, score)
            )  # fmt: skip

    return objective
