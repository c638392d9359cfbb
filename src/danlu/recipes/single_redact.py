"""The plan of `danlu redact`: read documents, take out what must not stay."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.stages import Plan
from danlu.data.redact.inputs import KeyFile, word_lists
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
    lists, secret = word_lists(words), KeyFile(key) if key else None
    config.check(lists)  # what is wrong here is told before the documents are read
    if secret:
        secret.read()
    target = redact(config, documents=corpus_of(paths, licence, settings), words=lists, key=secret)
    settings.check_all_used()
    return Plan(target, seed)
