"""Keeps the libraries below TRL from talking: their bars and notices are for those who call them, and telemetry is for nobody."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from danlu.model.loading import errors_only, quiet_transformers

_LOGGERS = ("transformers", "trl", "accelerate", "datasets", "bitsandbytes")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence progress bars, log lines below an error, warnings, and TRL's report of each training to a model hub."""
    import datasets
    from huggingface_hub import constants

    hub: Any = constants
    told, bars = hub.HF_HUB_DISABLE_TELEMETRY, datasets.are_progress_bars_disabled()
    hub.HF_HUB_DISABLE_TELEMETRY = True
    datasets.disable_progress_bars()
    try:
        with ExitStack() as held:
            held.enter_context(quiet_transformers())
            held.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            for name in _LOGGERS:
                held.enter_context(errors_only(name))
            yield
    finally:
        hub.HF_HUB_DISABLE_TELEMETRY = told
        if not bars:
            datasets.enable_progress_bars()
