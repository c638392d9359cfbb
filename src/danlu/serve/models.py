"""What passes between the gateway's parts: a request after every check that needs no model, and the pieces of its reply.

The fields are those of the OpenAI API, in its units. A reply is a stream of pieces: text, reasoning and tool calls of each
choice as they are made, one `Finish` for each choice, and one `End` last.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, Protocol

CallerRole = Literal["user", "monitor", "admin"]
"""Who asks models; who reads measurements beside; who may do all."""
Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "content_filter", "tool_calls"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model made; `arguments` is JSON as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, its text parts joined."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Of an assistant's turn."""
    tool_call_id: str = ""
    """Of a tool's turn: the call that it answers."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether tools are called: as the model likes, never, some tool, or the one that is named."""

    mode: Literal["auto", "none", "required", "function"] = "auto"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """What the text of the answer has to be; `schema` is a JSON schema, where the kind asks for one."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    name: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name that limits count under, and who that is for documents that only some may see."""

    name: str = ""
    principals: frozenset[str] = frozenset()
    role: CallerRole = "user"
    models: tuple[str, ...] = ()
    """Patterns such as `handbook*`; empty is every model."""
    limits: tuple[tuple[str, float], ...] = ()
    """What differs from the limits of the gateway."""

    def may_use(self, model: str) -> bool:
        """Whether this model answers the caller."""
        return not self.models or any(fnmatchcase(model, pattern) for pattern in self.models)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for an answer. None and empty mean that the caller left the choice to us."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = False
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int = 1
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel_tool_calls: bool = True
    format: Format = Format()
    logprobs: bool = False
    top_logprobs: int = 0
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: tuple[tuple[int, float], ...] = ()
    reasoning_effort: str = ""
    raw: bool = False
    """The one message is a text to be continued as it stands, without a chat template."""
    caller: Caller = Caller()
    traceparent: str = ""
    """Handed on to the model's server, so that its work is part of the same trace."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written. `cached_tokens` of those read came from a prompt cache; `reasoning_tokens` of those written were thoughts."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class TokenLogprob(NamedTuple):
    """A token, the natural logarithm of its probability, and the likeliest tokens in its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Text(NamedTuple):
    """The next piece of a choice's text; empty while text is held back."""

    text: str
    choice: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()


class Reasoning(NamedTuple):
    """The next piece of what a model thinks before its answer."""

    text: str
    choice: int = 0


class ToolDelta(NamedTuple):
    """The next piece of call number `number`: its first piece has `id` and `name`, later ones more of `arguments`."""

    number: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    choice: int = 0


class Finish(NamedTuple):
    """A choice has ended."""

    reason: FinishReason
    choice: int = 0


class Span(NamedTuple):
    """A part of the work, for traces; times are of the monotonic clock."""

    name: str
    start_s: float
    end_s: float


class End(NamedTuple):
    """Nothing follows. `danlu` holds our own fields, for the models that have any."""

    usage: Usage
    danlu: dict[str, Any] | None = None
    cost: float = 0.0
    """In the gateway's currency."""
    spans: tuple[Span, ...] = ()
    verdicts: tuple[tuple[str, str], ...] = ()
    """What guards inside the model did: each guard's name and its verdict."""


Piece = Text | Reasoning | ToolDelta | Finish | End
Pieces = AsyncGenerator[Sequence[Piece], None]
"""Pieces that arrived together are handed on together, so that a burst of tokens costs one turn of the event loop."""


class Offered(Protocol):
    """What all models behind `/v1` tell. Everything runs on the event loop; what blocks does so in a thread of its own."""

    @property
    def id(self) -> str:
        """The name that requests use."""

    @property
    def seats(self) -> int:
        """Answers that it makes at the same time; more wait."""

    def cost_of(self, usage: Usage) -> float:
        """What an answer of this usage costs, in the gateway's currency; the most that it may, where that depends."""

    def count_tokens(self, text: str) -> int:
        """Tokens in a text, as near as it can be told: for limits before an answer, and the usage of one that was cut off."""


class ServedModel(Offered, Protocol):
    """A model that answers in text."""

    def reply(self, request: ChatRequest) -> Pieces:
        """The pieces of the answer; closing the generator stops the work, upstream too.

        Raises ApiError before the first piece when the request cannot be served.
        """


EncoderTask = Literal["embedding", "rerank"]


@dataclass(frozen=True, slots=True)
class EncodeRequest:
    """Texts to be turned into vectors, or to be ordered by how well they answer a query."""

    model: str
    texts: tuple[str, ...]
    query: str = ""
    """Of an order."""
    dimensions: int | None = None
    """Of a vector; None leaves it to the model."""
    caller: Caller = Caller()
    traceparent: str = ""


class Encoded(NamedTuple):
    """A vector for each text, or a score for each: the higher, the better it answers."""

    vectors: Sequence[Sequence[float]]
    scores: Sequence[float]
    usage: Usage


class Encoder(Offered, Protocol):
    """A model that answers in numbers."""

    @property
    def task(self) -> EncoderTask:
        """What it does."""

    async def encode(self, request: EncodeRequest) -> Encoded:
        """The numbers for all texts; cancelling it stops the work, upstream too. Raises ApiError."""


def refused_fields(answer_id: str | None = None) -> dict[str, Any]:
    """Our own fields of an answer that was refused."""
    return {"answer_id": answer_id, "refused": True, "citations": []}
