"""The plan that ends in deduplicating documents."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.stages import Plan
from danlu.data.deduplicate.stage import DeduplicateConfig, deduplicate
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


def deduplicate_plan(paths: Sequence[Path], licence: str, settings: Settings, seed: int = 0) -> Plan:
    """Read documents, or a corpus, and keep one of each set of duplicates."""
    config = settings.of("deduplicate", DeduplicateConfig)
    step = deduplicate(config, documents=corpus_of(paths, licence, settings))
    settings.check_all_used()
    return Plan(step, seed)
