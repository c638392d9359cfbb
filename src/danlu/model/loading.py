"""Checkpoints as models in memory. Only functions that need the model itself import torch."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.model import families
from danlu.model.adapter_record import ADAPTER, BASE, unmerged

_OTHER_HEADS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering")


@dataclass(frozen=True)
class ModelFacts:
    """What config.json says of a model, for those who must not load it."""

    architecture: str
    context_tokens: int
    """For a conversation: virtual tokens that stand before every input are taken off."""
    vocabulary_size: int
    layers: int
    kind: families.Kind = "causal"


def read_model_facts(checkpoint_dir: Path) -> ModelFacts:
    """Read config.json. Raises UserError when it is missing or describes no language model."""
    path = checkpoint_dir / "config.json"
    if not path.is_file():
        raise UserError("{folder} has no config.json", "a Hugging Face folder is expected", folder=checkpoint_dir)
    config = json.loads(path.read_text(encoding="utf-8"))
    adapter = unmerged(checkpoint_dir)
    virtual_tokens = adapter.settings.get("virtual_tokens", 0) if adapter else 0
    try:
        return ModelFacts(
            architecture=families.architecture(config),
            context_tokens=families.context_tokens(config) - virtual_tokens,
            vocabulary_size=families.vocabulary_size(config),
            layers=families.layers(config),
            kind=families.kind(config),
        )
    except (KeyError, IndexError, TypeError) as error:
        raise UserError("{path} describes no language model: {field} is missing", path=path, field=error) from error


def load_model(checkpoint_dir: Path, *, threads: int, kind: families.Kind = "causal") -> Any:
    """Load a language model in float32 and evaluation mode; `threads` holds for the whole process.

    float32 weights stay memory-mapped from the file: loading SmolLM2-135M takes 0.3 s and its pages are shared between
    processes until they are changed. An adapter that is not merged into the weights is put on.
    Code inside a checkpoint is never run. Raises UserError for a model of another kind, and for a checkpoint that lacks
    weights: Transformers would fill them with random numbers.
    """
    import torch

    _check_kind(checkpoint_dir, kind)
    torch.set_num_threads(threads)
    if unmerged(checkpoint_dir):
        from danlu.model.adapted import load_adapted

        return load_adapted(
            load_model(checkpoint_dir / BASE, threads=threads, kind=kind), checkpoint_dir / ADAPTER
        ).eval()
    model = _whole(checkpoint_dir, kind, dtype=torch.float32)
    _check_numbers(checkpoint_dir, model)
    return model.eval()


def check_complete(checkpoint_dir: Path, *, kind: families.Kind = "causal") -> None:
    """Raises UserError for what `load_model` refuses by names and shapes alone: weights are not read, which takes milliseconds."""
    _check_kind(checkpoint_dir, kind)
    _whole(checkpoint_dir, kind, device_map={"": "meta"})


def _whole(checkpoint_dir: Path, kind: families.Kind, **how: Any) -> Any:
    """The model; raises UserError where weights are missing or have other shapes."""
    loader = _loader(kind)
    with quiet_transformers(), _told_of_shapes(checkpoint_dir), _unreported():
        model, found = loader.from_pretrained(
            checkpoint_dir, local_files_only=True, trust_remote_code=False, output_loading_info=True, **how
        )
    if found["missing_keys"]:
        raise UserError(
            "{folder} lacks weights of {architecture}: {names}",
            "Look whether a file of the checkpoint is missing, or whether it is a model of another kind.",
            folder=checkpoint_dir,
            architecture=type(model).__name__,
            names=", ".join(sorted(found["missing_keys"])[:5]),
        )
    return model


@contextmanager
def _unreported() -> Iterator[None]:
    """Without Transformers' table of weights that are missing or have other shapes: an error of ours says it. Unexpected ones it tells."""
    logger = logging.getLogger("transformers.modeling_utils")

    def passes(record: logging.LogRecord) -> bool:
        said = record.getMessage()
        return "LOAD REPORT" not in said or not ("MISSING" in said or "MISMATCH" in said)

    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)


@contextmanager
def _told_of_shapes(checkpoint_dir: Path) -> Iterator[None]:
    """Transformers raises RuntimeError for weights of other shapes, after a table of them."""
    try:
        yield
    except RuntimeError as error:
        if "mismatched_sizes" not in str(error):
            raise
        raise UserError(
            "{folder}: its weights have other shapes than its config.json says",
            "Take both from where the model comes from.",
            folder=checkpoint_dir,
        ) from None


def _check_numbers(checkpoint_dir: Path, model: Any) -> None:
    """Weights that are no numbers come from a training that diverged, and nothing can be learnt on top of them.

    Reading them all costs a tenth of a second for 135 million.
    """
    for name, weight in model.named_parameters():
        if not weight.isfinite().all():
            raise UserError(
                "{folder} has weights that are no numbers: {name}",
                "The training that made it diverged, or the file is damaged: take an earlier checkpoint.",
                folder=checkpoint_dir,
                name=name,
            )


def model_outline(checkpoint_dir: Path, *, kind: families.Kind = "causal") -> Any:
    """The model with the shapes of its weights and no numbers in them, which costs no memory; UserError for another kind."""
    import torch
    from transformers import AutoConfig

    _check_kind(checkpoint_dir, kind)
    config = AutoConfig.from_pretrained(checkpoint_dir, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        return _loader(kind).from_config(config, dtype=torch.float32)


def _loader(kind: families.Kind) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

    return {"causal": AutoModelForCausalLM, "seq2seq": AutoModelForSeq2SeqLM, "masked": AutoModelForMaskedLM}[kind]


def _check_kind(checkpoint_dir: Path, kind: families.Kind) -> None:
    facts = read_model_facts(checkpoint_dir)
    if facts.kind != kind:
        raise UserError(
            "{folder} holds a {found} ({architecture}), and a {expected} is needed here",
            "Name a checkpoint of that kind.",
            folder=checkpoint_dir,
            found=families.KIND_WORDS[facts.kind],
            architecture=facts.architecture,
            expected=families.KIND_WORDS[kind],
        )
    if facts.architecture.endswith(_OTHER_HEADS):
        raise UserError(
            "{folder} holds a {architecture}, which scores text and does not write it",
            "Name the model that it was made from.",
            folder=checkpoint_dir,
            architecture=facts.architecture,
        )
    _check_known(checkpoint_dir, facts.architecture)


def _check_known(checkpoint_dir: Path, architecture: str) -> None:
    """Refuse what only runs with Python code of its own: such code may do anything on this machine."""
    from transformers import CONFIG_MAPPING

    model_type = json.loads((checkpoint_dir / "config.json").read_text(encoding="utf-8")).get("model_type")
    if model_type not in CONFIG_MAPPING:
        raise UserError(
            "{folder} is a {architecture} (model_type {model_type!r}), which Transformers has no class for",
            "Code that comes inside a checkpoint is never run here. Look for the same model in a form that Transformers"
            " knows: zai-org/glm-4-9b-chat-hf instead of ChatGLM2, say.",
            folder=checkpoint_dir,
            architecture=architecture,
            model_type=model_type,
        )


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence Transformers' own progress bars: danlu reports progress itself."""
    from transformers.utils import logging as transformers_logging

    bars: Any = transformers_logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


@contextmanager
def errors_only(library: str = "transformers") -> Iterator[None]:
    """Silence what a library logs below an error: Transformers reports a new head, or one that is left out, as if it were wrong."""
    logger = logging.getLogger(library)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def pays_bfloat16() -> bool:
    """Whether what trains here, the GPU or without one the processor, multiplies bfloat16 in hardware.

    Autocast is 1.6 to 1.9 times as fast as float32 where it does; where it does not (AVX-512 without BF16), it
    measured 65 tokens per second against 170.
    """
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
