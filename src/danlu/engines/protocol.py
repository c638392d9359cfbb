"""What every engine does: token ids in, tokens out. Text, templates and stop strings are not its business."""

from collections.abc import Iterator
from typing import Protocol


class Engine(Protocol):
    """Continues token ids. `generate` may be called from several threads."""

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
        """Yield tokens as they are made, `max_tokens` at most; a stop token is yielded too, as the last.

        Temperature 0 takes the likeliest token; otherwise equal seeds give equal tokens on one machine.
        Closing the iterator ends the generation.
        """

    def close(self) -> None:
        """End the engine and give its memory back, within seconds, whatever runs in it."""
