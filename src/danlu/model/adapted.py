"""Puts a saved adapter on a base model in memory: to serve it, or to train it further.

PEFT loads what fits of an adapter and warns about the rest; here an adapter that does not fit in every name and shape is
refused, since a model with half of its adapter looks like one that learnt little.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.model.adapter_record import AdapterRecord, read_record
from danlu.model.bottleneck import load_bottlenecks
from danlu.model.virtual_tokens import VirtualTokensModel


def load_adapted(model: Any, adapter_dir: Path, *, is_trained: bool = False) -> Any:
    """`model` with the adapter of `adapter_dir`; changes `model` in place. `is_trained`: it will be trained further.

    Raises UserError for an adapter of another base model.
    """
    record = read_record(adapter_dir)
    if record is not None and record.method == "houlsby":
        return _houlsby(model, adapter_dir, record)
    adapted = load_peft(model, adapter_dir, is_trained=is_trained)
    return VirtualTokensModel(adapted) if adapted.active_peft_config.is_prompt_learning else adapted


def _houlsby(model: Any, adapter_dir: Path, record: AdapterRecord) -> Any:
    return load_bottlenecks(model, adapter_dir, int(record.settings["bottleneck"]))


def load_peft(model: Any, adapter_dir: Path, *, is_trained: bool) -> Any:
    """PEFT's model of a saved adapter. Raises UserError when a name or a shape differs from what this base model needs."""
    from safetensors.torch import load_file

    with quiet_peft():
        from peft import PeftConfig, PeftModel, get_peft_model_state_dict

    path = adapter_dir / "adapter_model.safetensors"
    if not path.is_file() or not (adapter_dir / "adapter_config.json").is_file():
        raise UserError(
            "{folder} is no adapter: adapter_config.json and adapter_model.safetensors are expected",
            "name the folder `adapter` of a tuned checkpoint",
            folder=adapter_dir,
        )
    try:
        with quiet_peft():
            is_peft_trained = is_trained and not PeftConfig.from_pretrained(str(adapter_dir)).is_prompt_learning
            adapted: Any = PeftModel.from_pretrained(model, adapter_dir, is_trainable=is_peft_trained)
    except (RuntimeError, ValueError, KeyError) as error:
        raise _does_not_fit(adapter_dir) from error
    saved = {name: value.shape for name, value in load_file(path).items()}
    with quiet_peft():
        own = {name: value.shape for name, value in get_peft_model_state_dict(adapted).items()}
    if own != saved:
        raise _does_not_fit(adapter_dir)
    if is_trained and not is_peft_trained:
        # PEFT loads virtual tokens to use them alone; without a net that makes them they are weights like others.
        adapted.active_peft_config.inference_mode = False
        adapted.prompt_encoder.requires_grad_(True)
    return adapted


@contextmanager
def quiet_peft() -> Iterator[None]:
    """PEFT asks Transformers by a name that it has just deprecated, and warns of what we check ourselves.

    It imports bitsandbytes where that is installed, which then asks every user to install a kernel for inference.
    """
    logger = logging.getLogger("bitsandbytes.backends.cpu.ops")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="peft")
        try:
            yield
        finally:
            logger.setLevel(level)


def _does_not_fit(adapter_dir: Path) -> UserError:
    return UserError(
        "{folder} is an adapter of another base model: its weights do not fit this one",
        "name the model that it was trained on after --base",
        folder=adapter_dir,
    )
