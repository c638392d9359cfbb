"""What a stand-alone command reads: files of documents, or a corpus that another command wrote."""

from collections.abc import Sequence
from pathlib import Path

from danlu.core.artifacts import MANIFEST, Corpus
from danlu.core.errors import UserError
from danlu.core.project import Source
from danlu.core.stages import Step
from danlu.core.store import open_artifact
from danlu.data.collect import collect
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.stage import extract
from danlu.data.languages import says_languages, tell_languages
from danlu.data.lock import lock_sources
from danlu.recipes.settings import Settings


def corpus_of(paths: Sequence[Path], licence: str, settings: Settings) -> Step[Corpus] | Corpus:
    """What `extraction_of` gives, with the language of every document told."""
    documents = extraction_of(paths, licence, settings)
    if isinstance(documents, Corpus) and says_languages(documents):
        return documents
    return tell_languages(documents=documents)


def extraction_of(paths: Sequence[Path], licence: str, settings: Settings) -> Step[Corpus] | Corpus:
    """The corpus in the folder, when one path is given and it is one; else the steps that read the files.

    Raises UserError when a path is missing, or is an artifact of another kind.
    """
    if len(paths) == 1 and (paths[0] / MANIFEST).is_file():
        return open_artifact(paths[0], Corpus)
    for path in paths:
        if (path / MANIFEST).is_file():
            raise UserError(
                "{path} is an artifact of danlu, and there are other paths beside it",
                "Give it alone; `danlu pretrain A B --weights 1,1` learns from several corpora.",
                path=path,
            )
    lock = lock_sources([Source(path, licence) for path in paths])
    config = settings.of("extract", ExtractConfig)
    return extract(config, files=collect(sources=lock), sources=lock)
