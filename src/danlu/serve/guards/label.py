"""Labels of content that a machine made, by GB 45438-2025: words that people see, and a record in metadata that programs read.

The words end the text of an answer; an answer that is JSON, or a call of a tool, is for programs and gets none. The record has the seven keys that
the standard's annex names, under `AIGC`; it stands beside the answer (`danlu.aigc`) and in files that are exported.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from danlu.guard.words import language_of
from danlu.serve.models import ChatRequest, End, Finish, Piece, Pieces, Text, ToolDelta

_WORDS = {"zh": "（本内容由人工智能生成）", "en": "(This text was made by artificial intelligence.)"}
_MADE = "1"
"""Made by artificial intelligence, as opposed to may be (2) and is suspected to be (3)."""


@dataclass(frozen=True)
class Label:
    """Who makes the content: a name or code, such as the unified social credit code of the organisation."""

    producer: str

    def record(self, produce_id: str) -> dict[str, Any]:
        """The record of one piece of content."""
        return {
            "AIGC": {
                "Label": _MADE,
                "ContentProducer": self.producer,
                "ProduceID": produce_id,
                "ReservedCode1": "",
                "ContentPropagator": self.producer,
                "PropagateID": produce_id,
                "ReservedCode2": "",
            }
        }

    async def around(self, pieces: Pieces, request: ChatRequest, produce_id: str) -> Pieces:
        """The pieces, with the words at the end of each choice that people read, and the record beside the answer."""
        shown: dict[int, str] = {}
        called: set[int] = set()
        async with aclosing(pieces) as batches:
            async for batch in batches:
                for piece in batch:
                    if isinstance(piece, Text) and piece.text:
                        # The first few characters tell the language.
                        shown[piece.choice] = (shown.get(piece.choice, "") + piece.text)[:200]
                    elif isinstance(piece, ToolDelta):
                        called.add(piece.choice)
                if isinstance(batch[-1], Finish | End):
                    batch = self._labelled(batch, request, shown, called, produce_id)
                yield batch

    def _labelled(
        self, batch: Sequence[Piece], request: ChatRequest, shown: dict[int, str], called: set[int], produce_id: str
    ) -> list[Piece]:
        out: list[Piece] = []
        for piece in batch:
            if isinstance(piece, Finish) and request.format.kind == "text":
                if piece.choice in shown and piece.choice not in called:
                    out.append(Text(f"\n\n{_WORDS[language_of(shown[piece.choice])]}", piece.choice))
            elif isinstance(piece, End):
                piece = piece._replace(danlu={**(piece.danlu or {}), "aigc": self.record(produce_id)["AIGC"]})
            out.append(piece)
        return out
