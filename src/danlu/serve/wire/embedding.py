"""Embeddings: the request is read, the answer is written (https://platform.openai.com/docs/api-reference/embeddings)."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from danlu.serve.models import Caller, Encoded, EncodeRequest
from danlu.serve.wire.errors import bad_value, unsupported
from danlu.serve.wire.fields import integer, missing, object_of, refuse_unknown, string

MOST_TEXTS = 2_048
_KNOWN = frozenset({"model", "input", "encoding_format", "dimensions"})
_HARMLESS = frozenset({"user"})


def parse_embedding(body: bytes, caller: Caller) -> tuple[EncodeRequest, Callable[[Encoded], dict[str, Any]]]:
    """The request in this body, and how its answer is written. Raises ApiError 400 with the field named."""
    data = object_of(body)
    refuse_unknown(data, _KNOWN, _HARMLESS, {})
    form = data.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise bad_value("encoding_format", "expected float or base64")
    model = string(data, "model")
    dimensions = integer(data, "dimensions", 1, 65_536)
    request = EncodeRequest(model, texts_of(data, "input", MOST_TEXTS), dimensions=dimensions, caller=caller)
    return request, lambda found: _shape(model, found, form)


def texts_of(data: dict[str, Any], name: str, most: int) -> tuple[str, ...]:
    """One text or a list of them, none of them empty."""
    value = data.get(name)
    if value is None:
        raise missing(name)
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and texts and isinstance(texts[0], int | list):
        raise unsupported(name, "texts are read, no token ids")
    if not isinstance(texts, list) or not 0 < len(texts) <= most:
        raise bad_value(name, f"expected a text or a list of 1 to {most} texts")
    if not all(isinstance(text, str) and text for text in texts):
        raise bad_value(name, "expected texts that are not empty")
    return tuple(texts)


def _shape(model: str, found: Encoded, form: str) -> dict[str, Any]:
    vectors = [
        {"object": "embedding", "index": place, "embedding": _base64(vector) if form == "base64" else vector}
        for place, vector in enumerate(found.vectors)
    ]
    usage = {"prompt_tokens": found.usage.prompt_tokens, "total_tokens": found.usage.prompt_tokens}
    return {"object": "list", "data": vectors, "model": model, "usage": usage}


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
