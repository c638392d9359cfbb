"""Server-sent events from bytes that arrive in any cut.

https://html.spec.whatwg.org/multipage/server-sent-events.html: lines end with LF, CR LF or CR, an empty line ends an event, several
`data` lines are joined, lines that begin with a colon are comments. Only the data is kept: the OpenAI protocol names its events in it.
Lines are cut as bytes, so a character that is split over two reads is never decoded by halves.
"""

MOST_BYTES = 8 * 2**20
"""Of one event: an answer with the log-probabilities of its tokens in one event has a few hundred kilobytes."""


class TooLong(Exception):
    """An event has more bytes than any answer."""


class EventReader:
    """Feed it what was read; it gives the data of the events that are whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size_bytes = 0

    def feed(self, read: bytes) -> list[bytes]:
        """The data of each event that these bytes complete. Raises TooLong."""
        text = self._rest + read if self._rest else read
        if b"\r" in text:
            # A last CR may be half of a line end: it waits for what follows.
            held = text.endswith(b"\r")
            text = (text[:-1] if held else text).replace(b"\r\n", b"\n").replace(b"\r", b"\n") + b"\r" * held
        *lines, self._rest = text.split(b"\n")
        events: list[bytes] = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data, self._size_bytes = [], 0
        if self._size_bytes + len(self._rest) > MOST_BYTES:
            raise TooLong(f"an event of more than {MOST_BYTES} bytes")
        return events

    def finish(self) -> list[bytes]:
        """The data of an event whose empty line never came: some servers leave it out at the end."""
        return self.feed(b"\n\n")

    def _take(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            value = line[6:] if line.startswith(b"data: ") else line[5:]
            self._data.append(value)
            self._size_bytes += len(line)
