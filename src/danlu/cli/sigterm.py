"""SIGTERM outside of a training's steps: a command ends as every failed one does, with one message and status 1.

Inside of them the loop has its own way: it ends the step and saves first.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from danlu.core.errors import WorkFailed


class _Stopped(BaseException):
    """No `except Exception` of a library on the way may keep it."""


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Raises WorkFailed where SIGTERM came; only a process's main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = os.getpid()

    def stop(number: int, frame: Any) -> None:
        if os.getpid() != own:  # a fork of ours has nothing to say
            os._exit(128 + number)
        raise _Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except _Stopped:
        raise WorkFailed("stopped by SIGTERM", "What was finished is kept: run the same again to go on.") from None
    finally:
        signal.signal(signal.SIGTERM, before)
