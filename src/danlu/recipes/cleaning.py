"""Repair, clean, deduplicate: the steps that recipes over documents share."""

from danlu.core.artifacts import Corpus, TextClassifier
from danlu.core.stages import Step
from danlu.data.clean import CleanConfig, clean
from danlu.data.deduplicate.stage import DeduplicateConfig, deduplicate
from danlu.data.repair import RepairConfig, repair
from danlu.data.rules import line_rules
from danlu.recipes.settings import Settings


def cleaned(
    extraction: Step[Corpus] | Corpus, settings: Settings, classifier: Step[TextClassifier] | None = None
) -> Step[Corpus]:
    """The steps from an extraction to a clean corpus. A rule set brings the rules for lines that go with it."""
    rules = settings.of("clean", CleanConfig)
    rules.check()  # told before the documents are read
    repairs = settings.of("repair", RepairConfig)
    if "lines" not in repairs.model_fields_set:
        repairs = RepairConfig(lines=line_rules(rules.rules))
    repaired = repair(repairs, documents=extraction)
    return clean(rules, documents=repaired, classifier=classifier, extraction=extraction)


def distinct(documents: Step[Corpus], settings: Settings) -> Step[Corpus]:
    """One of each set of equal documents. Two that differ in a word may be two versions, and an answer must cite the right one."""
    config = settings.of("deduplicate", DeduplicateConfig)
    if "near_threshold" not in config.model_fields_set:
        config = config.model_copy(update={"near_threshold": 1.0})
    return deduplicate(config, documents=documents)
