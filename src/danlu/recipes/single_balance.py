"""The plans of `danlu balance`: a report with weights, a corpus brought to given shares, a corpus with counterfactuals."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.artifacts import Corpus
from danlu.core.stages import Plan, Step
from danlu.data.balance.counterfactual import CounterfactualConfig, counterfactual
from danlu.data.balance.groups import WordLists
from danlu.data.balance.resample import ResampleConfig, resample
from danlu.data.balance.stage import BalanceConfig, diversity
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


def diversity_plan(
    paths: Sequence[Path], licence: str, settings: Settings, words: Path | None = None, seed: int = 0
) -> Plan:
    """What a corpus consists of, and a weight for every document."""
    config = settings.of("balance", BalanceConfig)
    target = diversity(config, words=_lists(words), documents=corpus_of(paths, licence, settings))
    settings.check_all_used()
    return Plan(target, seed)


def resample_plan(
    paths: Sequence[Path], licence: str, settings: Settings, words: Path | None = None, seed: int = 0
) -> Plan:
    """Documents kept so that groups have their shares."""
    config = settings.of("resample", ResampleConfig)
    target: Step[Corpus] = resample(config, words=_lists(words), documents=corpus_of(paths, licence, settings))
    settings.check_all_used()
    return Plan(target, seed)


def counterfactual_plan(paths: Sequence[Path], licence: str, settings: Settings, seed: int = 0) -> Plan:
    """Documents, and each once more with the other gender, name or place."""
    config = settings.of("counterfactual", CounterfactualConfig)
    target = counterfactual(config, documents=corpus_of(paths, licence, settings))
    settings.check_all_used()
    return Plan(target, seed)


def _lists(path: Path | None) -> WordLists | None:
    """The word lists of a file, if one is named: a mistake in it is told before the documents are read."""
    if path is None:
        return None
    lists = WordLists(path)
    lists.content_hash()
    lists.read()
    return lists
