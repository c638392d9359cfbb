"""SIGTERM in the middle of a training: the step is ended and saved before the process leaves.

Clusters and clouds send it some seconds before they take a machine back.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stop:
    """Whether the process was asked to leave."""

    is_asked = False


@contextmanager
def noticing_sigterm() -> Iterator[Stop]:
    """Take SIGTERM down instead of ending at once; only a process's main thread can."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(number: int, frame: Any) -> None:
        stop.is_asked = True

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
