"""The plan of `danlu augment`: read a corpus, add variants."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.stages import Plan
from danlu.data.augment.stage import AugmentConfig, augment
from danlu.data.augment.translate import Translates
from danlu.data.augment.wordnet import find_wordnet
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


def augment_plan(
    paths: Sequence[Path],
    licence: str,
    settings: Settings,
    wordnet: Path | None = None,
    translator: Translates | None = None,
    seed: int = 0,
) -> Plan:
    """Variants of documents beside the documents. WordNet and a translator are used by the methods that need them."""
    config = settings.of("augment", AugmentConfig)
    words = find_wordnet(wordnet) if "synonyms" in config.methods else None
    translates = translator if "back_translation" in config.methods else None
    target = augment(config, documents=corpus_of(paths, licence, settings), wordnet=words, translator=translates)
    settings.check_all_used()
    return Plan(target, seed)
