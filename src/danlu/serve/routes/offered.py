"""What a request may ask of a model that cannot do everything: the rest is an error, so that nothing is ignored in silence."""

from collections.abc import Callable

from danlu.serve.models import ChatRequest
from danlu.serve.wire.errors import unsupported

RAW = "prompt"
"""The field by which a text is given to be continued without a chat template."""
_NEEDS: dict[str, Callable[[ChatRequest], bool]] = {
    RAW: lambda request: request.raw,
    "n": lambda request: request.n > 1,
    "tools": lambda request: bool(request.tools) and request.tool_choice.mode != "none",
    "response_format": lambda request: request.format.kind != "text",
    "logprobs": lambda request: request.logprobs,
    "logit_bias": lambda request: bool(request.logit_bias),
    "presence_penalty": lambda request: bool(request.presence_penalty),
    "frequency_penalty": lambda request: bool(request.frequency_penalty),
    "reasoning_effort": lambda request: request.reasoning_effort not in ("", "none"),
}


def refuse_beyond(request: ChatRequest, offered: frozenset[str]) -> None:
    """Raises ApiError 400 that names the first field asked for that is not offered."""
    for field, is_asked in _NEEDS.items():
        if field not in offered and is_asked(request):
            raise unsupported(field, f"the model '{request.model}' does not offer it; leave it out")
