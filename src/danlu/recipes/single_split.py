"""Plans of `danlu split` and `danlu take`."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.artifacts import Corpus
from danlu.core.stages import Plan
from danlu.core.store import open_artifact
from danlu.data.split.stage import SplitConfig, split
from danlu.data.split.take import TakeConfig, take
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


def split_plan(paths: Sequence[Path], licence: str, settings: Settings, seed: int = 0) -> Plan:
    """Read documents, or a corpus, and part them."""
    config = settings.of("split", SplitConfig)
    config.check()
    step = split(config, documents=corpus_of(paths, licence, settings))
    settings.check_all_used()
    return Plan(step, seed)


def take_plan(folder: Path, side: str, seed: int = 0) -> Plan:
    """One side of a split as a corpus."""
    return Plan(take(TakeConfig.model_validate({"side": side}), documents=open_artifact(folder, Corpus)), seed)
