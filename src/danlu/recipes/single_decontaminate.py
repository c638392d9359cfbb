"""The plan of `danlu decontaminate`."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.data.decontaminate.benchmarks import Benchmarks
from danlu.data.decontaminate.stage import DecontaminateConfig, check_inputs, decontaminate
from danlu.recipes.corpora import corpus_of
from danlu.recipes.settings import Settings


def decontaminate_plan(
    paths: Sequence[Path], licence: str, against: Sequence[Path], waivers: Path | None, settings: Settings
) -> Plan:
    """Read documents, or a corpus, and take evaluation items out of them."""
    config = settings.of("decontaminate", DecontaminateConfig)
    benchmarks, accepted = Benchmarks.below(against), DataFile(waivers) if waivers else None
    if accepted:
        accepted.content_hash()
    check_inputs(config, benchmarks, accepted)
    step = decontaminate(config, documents=corpus_of(paths, licence, settings), against=benchmarks, waivers=accepted)
    settings.check_all_used()
    return Plan(step, seed=0)
