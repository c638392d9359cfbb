"""A base model with the rows that its extended vocabulary needs."""

from danlu.core.artifacts import Checkpoint, Vocabulary
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.extend_embeddings import extend_embeddings


def _grow(work: Work, config: Config, *, base: Checkpoint, vocabulary: Vocabulary) -> Facts:
    rows = extend_embeddings(base.path, vocabulary.path, work.folder)
    licences = tuple(sorted({*base.manifest.licences, *vocabulary.manifest.licences}))
    return Facts({"rows of the embeddings": rows, "added": vocabulary.manifest.counts["added"]}, licences)


extend_embeddings_stage = Stage(
    "extend_embeddings",
    version=1,
    makes=Checkpoint,
    body=_grow,
    numeric=True,
    libraries=("safetensors", "torch", "transformers"),
)
