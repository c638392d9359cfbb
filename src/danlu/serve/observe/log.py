"""One line of JSON for each request. What was asked and answered is in it only where that was asked for."""

import sys
import time
from pathlib import Path
from typing import IO, Any

import orjson

from danlu.core.errors import UserError
from danlu.serve.observe.exchange import Exchange


class RequestLog:
    """An observer of exchanges. `path` is a file that grows, or `-` for the standard error output."""

    def __init__(self, path: Path | None, *, texts: bool = False) -> None:
        """Raises UserError where the file cannot be written."""
        self._texts = texts
        try:
            self._file: IO[bytes] = sys.stderr.buffer if path is None else path.open("ab", buffering=0)
        except OSError as error:
            raise UserError("{path} cannot be written: {problem}", "Give another file, or `-`.", path=path, problem=error.strerror) from None  # fmt: skip

    def __call__(self, exchange: Exchange) -> None:
        """Write one line; a disk that is full loses lines of this log and nothing else."""
        try:
            self._file.write(orjson.dumps(self._line(exchange), option=orjson.OPT_APPEND_NEWLINE))
        except OSError:
            return

    def _line(self, exchange: Exchange) -> dict[str, Any]:
        now_s = time.monotonic()
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "level": "error" if exchange.status >= 500 else "info",
            "request": exchange.id,
            "route": exchange.route[:200],
            "status": exchange.status,
            "caller": exchange.caller.name,
            "model": exchange.model,
            "stream": exchange.stream,
            "duration_s": round(now_s - exchange.started_s, 6),
        }
        if exchange.first_piece_s is not None:
            line["first_piece_s"] = round(exchange.first_piece_s - exchange.started_s, 6)
        if exchange.usage is not None:
            line |= {
                "prompt_tokens": exchange.usage.prompt_tokens,
                "completion_tokens": exchange.usage.completion_tokens,
                "cost": exchange.cost,
                "finish": exchange.finish_reason,
            }
        if exchange.error_code:
            line["code"] = exchange.error_code
        if exchange.verdicts:
            line["guards"] = exchange.verdicts
        if self._texts:
            line |= {"asked": [message.content for message in exchange.asked], "written": "".join(exchange.written)}
        return line
