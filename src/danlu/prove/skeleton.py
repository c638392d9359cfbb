"""A folder's tensors against the class that is to load them, without their values: what is missing, what has another shape."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from danlu.core.errors import Phrase, UserError
from danlu.core.library_errors import first_words
from danlu.model.loading import quiet_transformers
from danlu.prove.folder import ModelFolder
from danlu.prove.tensors import PACKED

_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")


class Gaps(NamedTuple):
    """Names of the class's tensors that the folder does not fill, and of the folder's that the class does not take."""

    missing: tuple[str, ...]
    misshapen: tuple[str, ...]
    dropped: tuple[str, ...]


def model_class(folder: ModelFolder) -> Any:
    """The class of Transformers that config.json names; None when Transformers has none of that name."""
    import transformers

    found: Any = getattr(transformers, folder.architecture, None) if folder.architecture else None
    return found if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel) else None


def wants_code(folder: ModelFolder) -> bool:
    """Whether config.json names a class that lies in the folder."""
    return bool(folder.config.get("auto_map"))


def not_comparable(folder: ModelFolder) -> Phrase | None:
    """Why nothing is known of the tensors that the model needs; None when it is known."""
    if not folder.config:
        return Phrase("there is no config.json")
    if any(file.name.startswith("adapter") for file in folder.weight_files):
        return Phrase("these are the weights of an adapter")
    if folder.config.get("quantization_config") or any(tensor.dtype in PACKED for tensor in folder.tensors.values()):
        return Phrase("the weights are quantised")
    if wants_code(folder) and not folder.allow_remote_code:
        return Phrase("the model's class is code that was not run")
    from transformers import CONFIG_MAPPING

    kind = folder.config.get("model_type")
    if isinstance(kind, str) and kind not in CONFIG_MAPPING and not wants_code(folder):
        return Phrase("Transformers does not know models of type {kind}", kind=kind)
    return None


def configuration(folder: ModelFolder) -> Any:
    """config.json as the class of its `model_type` reads it, as all who load through an Auto class get it."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(folder.path, local_files_only=True, trust_remote_code=folder.allow_remote_code)


def gaps(folder: ModelFolder) -> Gaps:
    """Where class and folder differ, by Transformers' own report: tied heads and buffers that are not saved are no gap.

    Nothing is read but headers: a model of 1.9 GB took 2.5 s, most of it imports, and no memory for its weights. Raises
    UserError when the model does not load.
    """
    import transformers

    # A head that Transformers has no class for is not looked at: the body is that of the type.
    kind = (None if wants_code(folder) else model_class(folder)) or transformers.AutoModel
    _, report = from_pretrained(folder, kind, device_map={"": "meta"}, ignore_mismatched_sizes=True)
    misshapen = tuple(sorted(str(found[0]) for found in report["mismatched_keys"]))
    return Gaps(made_up(report["missing_keys"]), misshapen, tuple(sorted(report["unexpected_keys"])))


def from_pretrained(folder: ModelFolder, kind: Any, **how: Any) -> tuple[Any, dict[str, Any]]:
    """The folder's own weights in float32 as the class `kind` takes them, and Transformers' report of what did not fit.

    An adapter that lies beside them is not applied. Raises UserError when the model does not load.
    """
    import torch

    try:
        with silent(), without_adapter(folder.path) as path:
            loaded: tuple[Any, dict[str, Any]] = kind.from_pretrained(
                path,
                config=configuration(folder),
                dtype=torch.float32,
                output_loading_info=True,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=folder.allow_remote_code,
                **how,
            )
    except Exception as error:  # noqa: BLE001  # whatever a model's own class raises is said to the user
        raise does_not_load(folder, error) from None
    return loaded


def made_up(missing: Iterable[str]) -> tuple[str, ...]:
    """Those missing names that matter.

    A pooler is none: encoders for embedding and tagging are trained and published without one, and do not use it.
    """
    return tuple(sorted(name for name in missing if "pooler." not in name))


def does_not_load(folder: ModelFolder, error: Exception) -> UserError:
    """What the user is told when a model class refuses the folder."""
    return UserError(
        "{path}: the model does not load: {problem}",
        "try transformers.AutoModel.from_pretrained on this folder to see the whole error",
        path=folder.path,
        problem=first_words(error),
    )


@contextmanager
def silent() -> Iterator[None]:
    """Keep Transformers from printing its own report: ours says the same in the user's language."""
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging
    shown = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with quiet_transformers():
            yield
    finally:
        logging.set_verbosity(shown)


@contextmanager
def without_adapter(path: Path) -> Iterator[Path]:
    """The folder without the adapter files beside its weights, which Transformers would apply on top of them."""
    if not any((path / name).is_file() for name in _ADAPTER_FILES):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="danlu-") as scratch:
        for child in path.iterdir():
            if child.name not in _ADAPTER_FILES:
                (Path(scratch) / child.name).symlink_to(child.resolve())
        yield Path(scratch)
