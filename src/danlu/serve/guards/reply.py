"""Any served model behind the guards: what comes in is checked first, what goes out is checked as it leaves.

Thoughts and the arguments of tool calls are checked like text. The text of a choice is one stream, its thoughts and each of its calls are
others: a phrase that is split over two of them is not put together by any reader.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from danlu.guard.words import StreamFilter, refusal
from danlu.serve.guards.format import of_format
from danlu.serve.guards.label import Label
from danlu.serve.guards.spotlight import spotlighted
from danlu.serve.models import (
    ChatRequest,
    End,
    Finish,
    Piece,
    Pieces,
    Reasoning,
    ServedModel,
    Text,
    TokenLogprob,
    ToolDelta,
    Usage,
    refused_fields,
)
from danlu.text.words.disguised import DisguisedWords

WORDS_GUARD, REFUSED = "words", "refuse"
CANARY = "canary"
"""The category of words that stand in our own prompts and nowhere else: an answer that says one gives its prompt away."""
_Key = tuple[int, str, int]
"""Choice, kind of stream, number of the call."""


class Observed(Protocol):
    """What is told of an answer while it is made."""

    id: str
    verdicts: list[tuple[str, str]]

    reached_model: bool

    def took(self, pieces: Sequence[Piece]) -> None:
        """The model made these."""


@dataclass(frozen=True)
class Guards:
    """What stands around every model of a gateway."""

    words: DisguisedWords
    label: Label | None = None

    def reply(self, model: ServedModel, request: ChatRequest, observed: Observed) -> Pieces:
        """The reply of the model, or as much of it as may be shown; `observed` is told of all that the model made, and what guards did."""
        pieces = _reviewed(self.words, model, request, observed)
        if request.format.kind != "text":
            pieces = of_format(pieces, request)
        return pieces if self.label is None else self.label.around(pieces, request, observed.id)


async def _reviewed(words: DisguisedWords, model: ServedModel, request: ChatRequest, observed: Observed) -> Pieces:
    said = "\n".join([message.content for message in request.messages])
    # Together, so that a phrase cannot be split over turns.
    if words.find(said):
        observed.verdicts.append((WORDS_GUARD, REFUSED))
        text = refusal(said)
        yield [Text(text), *_stopped(model, request, (), [text])]
        return
    request, spoken = spotlighted(request)
    if spoken:
        observed.verdicts.append(("instructions", "mark"))
    review = Review(lambda: StreamFilter(words))
    observed.reached_model = True
    async with aclosing(model.reply(request)) as batches:
        async for batch in batches:
            observed.took(batch)
            out = review.feed(batch)
            if review.stopped:
                observed.verdicts.append((CANARY if review.category == CANARY else WORDS_GUARD, "cut"))
                yield [*out, *_stopped(model, request, review.finished, review.released)]
                return
            if out:
                yield out


class Review:
    """The output of one reply, by a filter for each of its streams; once one of them stops, nothing more may leave."""

    def __init__(self, new_filter: Callable[[], StreamFilter]) -> None:
        self.stopped = False
        self.category = ""
        """Of the phrase that stopped it."""
        self.released: list[str] = []
        self.finished: set[int] = set()
        self._new_filter = new_filter
        self._filters: dict[_Key, StreamFilter] = {}
        self._logprobs: list[TokenLogprob] = []

    def feed(self, batch: Sequence[Piece]) -> list[Piece]:
        """What may leave of these pieces and of those held back before."""
        out: list[Piece] = []
        for piece in batch:
            if isinstance(piece, Text):
                self._text(piece, out)
            elif isinstance(piece, Finish):
                out += self._rest(piece.choice)
                if not self.stopped:
                    self.finished.add(piece.choice)
                    out.append(piece)
            elif isinstance(piece, End):
                out.append(piece)
            else:
                self._beside(piece, out)
            if self.stopped:
                break
        return out

    def _text(self, piece: Text, out: list[Piece]) -> None:
        text = self._passed((piece.choice, "text", 0), piece.text)
        if not piece.logprobs and not self._logprobs:
            if text:
                out.append(Text(text, piece.choice))
            return
        # Log-probabilities spell the text, so they leave when all of it has, and not at all where it was stopped.
        self._logprobs += piece.logprobs
        told = () if self.stopped or self._filters[(piece.choice, "text", 0)].is_holding else tuple(self._logprobs)
        if told:
            self._logprobs = []
        if text or told:
            out.append(Text(text, piece.choice, told))

    def _beside(self, piece: Reasoning | ToolDelta, out: list[Piece]) -> None:
        if isinstance(piece, Reasoning):
            if text := self._passed((piece.choice, "thought", 0), piece.text):
                out.append(Reasoning(text, piece.choice))
            return
        arguments = self._passed((piece.choice, "call", piece.number), piece.arguments)
        if piece.id or piece.name or arguments:
            out.append(piece._replace(arguments=arguments))

    def _passed(self, key: _Key, text: str) -> str:
        words = self._filters.get(key)
        if words is None:
            words = self._filters[key] = self._new_filter()
        passed = words.feed(text)
        self.stopped, self.category = words.stopped, words.category
        if passed:
            self.released.append(passed)
        return passed

    def _rest(self, choice: int) -> Iterable[Piece]:
        """What was held back in a choice and turned out to be harmless, now that nothing follows."""
        for (of, kind, number), words in self._filters.items():
            text = words.finish() if of == choice else ""
            if words.stopped:
                self.stopped, self.category = True, words.category
            if text:
                self.released.append(text)
                told = tuple(self._logprobs) if kind == "text" and not words.stopped else ()
                yield _piece(kind, text, choice, number, told)


def _piece(kind: str, text: str, choice: int, number: int, logprobs: tuple[TokenLogprob, ...]) -> Piece:
    if kind == "text":
        return Text(text, choice, logprobs)
    return Reasoning(text, choice) if kind == "thought" else ToolDelta(number, arguments=text, choice=choice)


def _stopped(model: ServedModel, request: ChatRequest, finished: Iterable[int], shown: Sequence[str]) -> list[Piece]:
    """The end of an answer that a guard made or cut; what it cost is told as near as it can be without the model's own count."""
    read = sum(model.count_tokens(message.content) for message in request.messages)
    usage = Usage(max(1, read), max(1, model.count_tokens("".join(shown))))
    ends: list[Piece] = [Finish("content_filter", choice) for choice in range(request.n) if choice not in finished]
    return [*ends, End(usage, refused_fields())]
