"""Base: the base model as an ordinary checkpoint folder, whatever it came in."""

from danlu.core.artifacts import Checkpoint
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.model.base_model import BaseFiles, write_checkpoint
from danlu.model.tokenizer_fit import check_tokenizer_fits


def _base(work: Work, config: Config, *, files: BaseFiles) -> Facts:
    write_checkpoint(files, work.folder, work.progress)
    check_tokenizer_fits(work.folder)
    return Facts(licences=(files.licence,), note=files.note)


base = Stage(
    "base",
    version=1,
    makes=Checkpoint,
    body=_base,
    libraries=("gguf", "safetensors", "tokenizers", "torch", "transformers"),
)
