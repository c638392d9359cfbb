"""The plan of `danlu redact`: read documents, take out what must not stay."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.stages import Plan
from danlu.data.redact.inputs import KeyFile, word_lists
from danlu.data.redact.policy import actions_of
from danlu.data.redact.stage import RedactConfig, redact
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


def redact_plan(
    paths: Sequence[Path],
    licence: str,
    settings: Settings,
    words: Sequence[Path] = (),
    key: Path | None = None,
    seed: int = 0,
) -> Plan:
    """Personal data, secrets and the words of the lists, as the policy says."""
    config = settings.of("redact", RedactConfig)
    actions_of(config.policy, config.types)
    target = redact(
        config,
        documents=corpus_of(paths, licence, settings),
        words=word_lists(words),
        key=KeyFile(key) if key else None,
    )
    settings.check_all_used()
    return Plan(target, seed)
