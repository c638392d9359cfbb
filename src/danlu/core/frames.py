"""Messages between two processes over a pair of byte streams: a line of JSON, then as many raw bytes as the line announces."""

import json
from dataclasses import dataclass
from typing import IO, Any

from danlu.core.errors import DanluError, UserError, WorkFailed

CHUNK_BYTES = 1 << 20
"""Of a file in one message: large beside the line before it, small beside the memory of any machine."""

_BYTES = "bytes"
_ERRORS: dict[str, type[DanluError]] = {kind.__name__: kind for kind in (UserError, WorkFailed)}


class HungUp(Exception):
    """The other end is gone, or says what is no message."""


@dataclass(frozen=True)
class Channel:
    """One end of the line."""

    reads: IO[bytes]
    writes: IO[bytes]

    def send(self, facts: dict[str, Any], payload: bytes = b"") -> None:
        """Send one message; raises HungUp when nobody takes it, or the error that the other end left before it went."""
        try:
            self.writes.write(json.dumps(facts | {_BYTES: len(payload)}).encode() + b"\n" + payload)
            self.writes.flush()
        except (BrokenPipeError, ConnectionError, ValueError):
            self._last_words()
            raise HungUp from None

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """The next message; raises HungUp at the end of the stream, and an error that the other end sends as it was raised there."""
        facts = self._line()
        size = facts.pop(_BYTES)
        payload = self.reads.read(max(size, 0))
        if len(payload) != size:
            raise HungUp
        if "error" in facts:
            raise _ERRORS[facts["error"]](facts["message"], facts["hint"], **facts["values"])
        return facts, payload

    def fail(self, error: DanluError) -> None:
        """Send an error: templates and values, so that the other end says it in its user's language."""
        values = {name: value if isinstance(value, int | float) else str(value) for name, value in error.values.items()}
        kind = UserError if isinstance(error, UserError) else WorkFailed
        self.send(
            {
                "error": kind.__name__,
                "message": error.message_template,
                "hint": error.hint_template,
                "values": values,
            }
        )

    def ask(self, question: str, **facts: Any) -> dict[str, Any]:
        """Ask, and return what is answered."""
        self.send({"ask": question, **facts})
        return self.receive()[0]

    def _line(self) -> dict[str, Any]:
        line = self.reads.readline()
        try:
            facts: dict[str, Any] = json.loads(line)
            facts[_BYTES] = int(facts[_BYTES])
        except (ValueError, KeyError, TypeError):
            raise HungUp(line.decode("utf-8", "replace").strip()) from None
        return facts

    def _last_words(self) -> None:
        """Raises the error that was sent before the other end went, if there is one."""
        try:
            while True:
                self.receive()
        except HungUp:
            return
