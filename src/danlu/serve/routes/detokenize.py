"""Text from token ids that arrive one at a time, cut at a stop string.

A token can hold part of a character, and a stop string can be split over tokens: in both cases text is held back
until it is certain.
"""

from collections.abc import Callable

_HALF_CHARACTER = "\ufffd"


class Detokenizer:
    """The text of a growing list of token ids. `stopped` once a stop string was found; it is never part of the text."""

    def __init__(self, decode: Callable[[list[int]], str], stops: tuple[str, ...]) -> None:
        self._decode = decode
        self._stops = stops
        self._ids: list[int] = []
        self._context_from = 0
        self._read_to = 0
        self._held = ""
        self.stopped = False

    def feed(self, token_id: int) -> str:
        """The text that this token settles."""
        self._ids.append(token_id)
        return self._past_stops(self._new_text(ended=False), ended=False)

    def finish(self) -> str:
        """The text that was held back, now that no token follows."""
        return "" if self.stopped else self._past_stops(self._new_text(ended=True), ended=True)

    def _new_text(self, *, ended: bool) -> str:
        """What the unread tokens add, decoded after a few read ones since decoders treat the first token apart."""
        known = self._decode(self._ids[self._context_from : self._read_to])
        text = self._decode(self._ids[self._context_from :])
        if not ended and text.endswith(_HALF_CHARACTER):
            return ""
        self._context_from, self._read_to = self._read_to, len(self._ids)
        return text[len(known) :]

    def _past_stops(self, new_text: str, *, ended: bool) -> str:
        self._held += new_text
        found = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            return self._held[: min(found)]
        keep = 0 if ended else self._possible_stop_length()
        out, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return out

    def _possible_stop_length(self) -> int:
        """Length of the longest tail that begins some stop string."""
        lengths = (n for stop in self._stops for n in range(1, len(stop)) if self._held.endswith(stop[:n]))
        return max(lengths, default=0)
