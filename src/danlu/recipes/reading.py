"""From source files to documents that can be indexed: the first steps of every recipe that answers from documents."""

from danlu.core.artifacts import Corpus
from danlu.core.forgotten import Forgotten
from danlu.core.stages import Plan, Step
from danlu.data.collect import collect
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.stage import extract
from danlu.data.forgotten import forgotten_files, forgotten_members
from danlu.data.lock import SourceLock
from danlu.recipes.cleaning import cleaned, distinct
from danlu.recipes.settings import Settings


def read(settings: Settings, sources: SourceLock, forgotten: Forgotten) -> tuple[Step[Corpus], Step[Corpus]]:
    """The steps that end in the extraction, which citations quote, and in the cleaned documents."""
    files = collect(sources=sources, forgotten=forgotten_files(forgotten, sources))
    extraction = extract(
        settings.of("extract", ExtractConfig),
        files=files,
        sources=sources,
        forgotten=forgotten_members(forgotten, sources),
    )
    return extraction, distinct(cleaned(extraction, settings), settings)


def reading_plan(settings: Settings, sources: SourceLock, forgotten: Forgotten, seed: int) -> Plan:
    """The plan that ends in the cleaned documents. Settings of stages that come later are left to those."""
    return Plan(read(settings, sources, forgotten)[1], seed)
