"""Personal data stays here: it is masked before a request leaves for an outside server, and put back into the answer.

A phone number becomes `[PHONE_1]`, the same one everywhere in a request, and the server's `[PHONE_1]` becomes the number again wherever it
stands in the answer: in text, in thoughts, in the arguments of calls, however the pieces are cut. What the detectors do not find is sent
(danlu.text.pii; names of people only where a recogniser is installed, which is too slow for here). Secrets such as keys are masked too.
"""

import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from danlu.serve.models import (
    ChatRequest,
    End,
    Finish,
    Message,
    Piece,
    Pieces,
    Reasoning,
    ServedModel,
    Text,
    ToolDelta,
    Usage,
)
from danlu.text.pii.finding import KINDS
from danlu.text.pii.scan import scan

_MASK = re.compile(r"\[[A-Z ]{2,30}_\d{1,4}\]")
_OPEN = re.compile(r"\[(?:[A-Z ]{0,30}|[A-Z ]{2,30}_\d{0,4})$")
"""The end of a text that may yet become a mask."""


class Masks:
    """What stands for what, in one request."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Look for personal data in these texts."""
        self._found = scan(texts)
        self._mask_of: dict[str, str] = {}
        self.values: dict[str, str] = {}
        """By mask."""
        taken = set(_MASK.findall("".join(texts))) if any(self._found) else set()
        for text, findings in zip(texts, self._found, strict=True):
            for found in findings:
                self._add(text[found.start : found.end], KINDS[found.kind].english, taken)

    def masked(self, number: int, text: str) -> str:
        """Text `number` of those given, masked."""
        for found in reversed(self._found[number]):
            text = text[: found.start] + self._mask_of[text[found.start : found.end]] + text[found.end :]
        return text

    def _add(self, value: str, kind: str, taken: set[str]) -> None:
        number = 1
        while value not in self._mask_of:
            mask = f"[{kind}_{number}]"
            if mask not in self.values and mask not in taken:
                self._mask_of[value], self.values[mask] = mask, value
            number += 1


class Restorer:
    """Puts values back into one stream of text, holding back what may yet become a mask."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self._held = ""

    def feed(self, piece: str) -> str:
        """What may leave now that this piece has come."""
        text = self._held + piece
        opened = _OPEN.search(text, max(0, len(text) - 40))
        self._held = text[opened.start() :] if opened else ""
        return self._restored(text[: opened.start()] if opened else text)

    def finish(self) -> str:
        """The rest."""
        held, self._held = self._held, ""
        return self._restored(held)

    def _restored(self, text: str) -> str:
        return _MASK.sub(lambda mask: self._values.get(mask[0], mask[0]), text) if "[" in text else text


class PersonalModel:
    """A model of an outside server that is not told personal data."""

    def __init__(self, model: ServedModel) -> None:
        self.id = model.id
        self.seats = model.seats
        self.count_tokens = model.count_tokens
        self._model = model

    @property
    def circuit_open(self) -> bool:
        """As the model's own."""
        return bool(getattr(self._model, "circuit_open", False))

    def cost_of(self, usage: Usage) -> float:
        """See ServedModel."""
        return self._model.cost_of(usage)

    def reply(self, request: ChatRequest) -> Pieces:
        """See ServedModel."""
        said = [text for message in request.messages for text in _texts(message)]
        masks = Masks(said)
        return self._restored(_masked(request, masks), masks) if masks.values else self._model.reply(request)

    async def _restored(self, request: ChatRequest, masks: Masks) -> Pieces:
        streams: dict[tuple[int, str, int], Restorer] = {}
        async with aclosing(self._model.reply(request)) as batches:
            async for batch in batches:
                out: list[Piece] = []
                for piece in batch:
                    _restore(piece, streams, masks.values, out)
                if out:
                    yield out


def _texts(message: Message) -> list[str]:
    return [message.content, *(call.arguments for call in message.tool_calls)]


def _masked(request: ChatRequest, masks: Masks) -> ChatRequest:
    messages, number = [], 0
    for message in request.messages:
        content = masks.masked(number, message.content)
        calls = tuple(
            replace(call, arguments=masks.masked(number + 1 + place, call.arguments))
            for place, call in enumerate(message.tool_calls)
        )
        number += 1 + len(message.tool_calls)
        messages.append(replace(message, content=content, tool_calls=calls))
    return replace(request, messages=tuple(messages))


def _restore(
    piece: Piece, streams: dict[tuple[int, str, int], Restorer], values: dict[str, str], out: list[Piece]
) -> None:
    """The piece with its values put back, after what was held back before it."""
    if isinstance(piece, End):
        out.append(piece._replace(verdicts=(*piece.verdicts, ("personal", "mask"))))
        return
    if isinstance(piece, Finish):
        for (choice, kind, number), stream in streams.items():
            rest = stream.finish() if choice == piece.choice else ""
            if rest:
                out.append(_piece(kind, number, choice, rest))
        out.append(piece)
        return
    kind = "text" if isinstance(piece, Text) else "thought" if isinstance(piece, Reasoning) else "call"
    number = piece.number if isinstance(piece, ToolDelta) else 0
    stream = streams.setdefault((piece.choice, kind, number), Restorer(values))
    if isinstance(piece, ToolDelta):
        out.append(piece._replace(arguments=stream.feed(piece.arguments)))
    elif isinstance(piece, Reasoning):
        out.append(piece._replace(text=stream.feed(piece.text)))
    else:
        # Log-probabilities would spell the masks.
        out.append(Text(stream.feed(piece.text), piece.choice))


def _piece(kind: str, number: int, choice: int, text: str) -> Piece:
    if kind == "call":
        return ToolDelta(number, arguments=text, choice=choice)
    return Reasoning(text, choice) if kind == "thought" else Text(text, choice)
