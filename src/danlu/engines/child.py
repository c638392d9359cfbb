"""An engine in a child process: a native crash in it, or its memory, never takes the caller down.

The child runs `danlu.engines.child_main` in the caller's process group. Both sides speak JSON lines over pipes.
To the child: `{"id", "prompt_ids", ...}` and `{"cancel": id}`; from it: `{"ready": true}`, `{"id", "token"}`,
`{"id", "done": true}` and `{"id", "error"}`. When the caller dies, even by SIGKILL, the pipe ends and the child exits.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from danlu.core.errors import Phrase, WorkFailed
from danlu.core.library_settings import SETTINGS

EngineKind = Literal["transformers"]
_CLOSE_TIMEOUT_S = 3.0


class ChildEngine:
    """Runs one generation at a time; others wait for their turn in the order in which they came.

    A crash fails the request that was running with WorkFailed; the next one starts the child again.
    """

    def __init__(self, kind: EngineKind, model_path: Path, threads: int) -> None:
        """Start the child and wait until the model is loaded. Raises WorkFailed when that fails."""
        # The child imports from where we do, as multiprocessing's spawn has it.
        code = f"import sys; sys.path[:] = {sys.path!r}; from danlu.engines.child_main import main; main()"
        self._command = [sys.executable, "-c", code, kind, str(model_path), str(threads)]
        self._turns = _Turns()
        self._writing = threading.Lock()
        self._requests = 0
        self._closed = False
        self._process = self._start()

    @property
    def process_id(self) -> int:
        """Of the child that runs now."""
        return self._process.pid

    def generate(
        self,
        prompt_ids: list[int],
        *,
        max_tokens: int,
        stop_ids: frozenset[int],
        temperature: float,
        top_p: float,
        seed: int,
    ) -> Iterator[int]:
        """See Engine. Raises WorkFailed when the child dies or its engine fails."""
        with self._turns:
            self._restart_if_dead()
            self._requests += 1
            request_id = self._requests
            settings = {"max_tokens": max_tokens, "temperature": temperature, "top_p": top_p, "seed": seed}
            self._send({"id": request_id, "prompt_ids": prompt_ids, "stop_ids": sorted(stop_ids), **settings})
            ended = False
            try:
                while True:
                    message = self._receive(request_id)
                    ended = "token" not in message
                    if ended:
                        break
                    yield message["token"]
            finally:
                if not ended:
                    self._send({"cancel": request_id})
            if "error" in message:
                raise WorkFailed("the engine failed: {problem}", problem=message["error"])

    def close(self) -> None:
        """End the child at once; a generation that runs in it fails."""
        self._closed = True
        self._end(self._process)

    def _start(self) -> subprocess.Popen[str]:
        environment = {**SETTINGS, **os.environ}
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=environment
        )
        assert process.stdout
        first = process.stdout.readline()
        if not first or "ready" not in (said := json.loads(first)):
            self._end(process)
            ended = Phrase("it ended with exit code {code}", code=process.returncode)
            raise WorkFailed("the engine did not start: {reason}", reason=said["error"] if first else ended)
        return process

    def _restart_if_dead(self) -> None:
        if self._closed:
            raise WorkFailed("the engine is closed")
        if self._process.poll() is not None:
            self._end(self._process)
            self._process = self._start()
            if self._closed:
                self._end(self._process)

    def _send(self, message: dict[str, Any]) -> None:
        """Write a message. A dead child is noticed by the next read, which can tell how it died."""
        assert self._process.stdin
        with self._writing:
            try:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return

    def _receive(self, request_id: int) -> dict[str, Any]:
        """Return the next message about this request; what a cancelled one still said is skipped."""
        process = self._process
        assert process.stdout
        while True:
            try:
                line = process.stdout.readline()
            except ValueError:  # closed while we read
                line = ""
            if not line:
                raise self._died(process)
            message: dict[str, Any] = json.loads(line)
            if message["id"] == request_id:
                return message

    def _died(self, process: subprocess.Popen[str]) -> WorkFailed:
        if self._closed:
            return WorkFailed("the engine was closed during this request")
        code = process.wait()
        how = Phrase("signal {number}", number=-code) if code < 0 else Phrase("exit code {code}", code=code)
        return WorkFailed(
            "the engine process ended during this request ({how})", "the next request restarts it", how=how
        )

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        """Kill rather than ask: the child holds nothing that could be lost."""
        process.kill()
        process.wait(_CLOSE_TIMEOUT_S)
        for pipe in (process.stdin, process.stdout):
            # What was not yet written cannot be flushed to a dead child.
            with contextlib.suppress(OSError):
                assert pipe
                pipe.close()


class _Turns:
    """A lock that is given in the order in which it was asked for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    def __enter__(self) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is ticket)
            except BaseException:
                self._waiting.remove(ticket)
                self._changed.notify_all()
                raise

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._waiting.popleft()
            self._changed.notify_all()
