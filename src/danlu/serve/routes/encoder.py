"""A model of an OpenAI-compatible server that answers in numbers: embeddings, or orders of texts."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from danlu.serve.models import Encoded, EncodeRequest, EncoderTask, Usage
from danlu.serve.routes.personal import Masks
from danlu.serve.routes.prices import FREE, Price
from danlu.serve.routes.upstream.chunks import usage_of
from danlu.serve.routes.upstream.client import UpstreamClient
from danlu.serve.routes.upstream.refusals import UpstreamError
from danlu.serve.routes.upstream.tokens import estimated_tokens


class ServerEncoder:
    """`upstream_model` is its name at the server; `masks_personal`: personal data does not leave, and what is encoded are its masks."""

    def __init__(
        self,
        model_id: str,
        task: EncoderTask,
        client: UpstreamClient,
        upstream_model: str,
        count_tokens: Callable[[str], int] = estimated_tokens,
        *,
        extra: Mapping[str, Any] | None = None,
        price: Price = FREE,
        seats: int = 1_000,
        masks_personal: bool = False,
    ) -> None:
        self.id = model_id
        self.task = task
        self.seats = seats
        self.cost_of = price.of
        self.count_tokens = count_tokens
        self._client = client
        self._model = upstream_model
        self._extra = dict(extra or {})
        self._masks_personal = masks_personal

    @property
    def circuit_open(self) -> bool:
        """Whether the server is left alone for a while."""
        return self._client.breaker.is_open

    async def encode(self, request: EncodeRequest) -> Encoded:
        """See Encoder. Raises UpstreamError."""
        query, *texts = self._masked(request)
        body: dict[str, Any] = {"model": self._model}
        if self.task == "embedding":
            body |= {"input": texts, "encoding_format": "float"}
            if request.dimensions is not None:
                body["dimensions"] = request.dimensions
        else:
            body |= {"query": query, "documents": texts}
        trace = {"traceparent": request.traceparent} if request.traceparent else {}
        path = "/embeddings" if self.task == "embedding" else "/rerank"
        data = await self._client.post(path, body | self._extra, trace)
        read = sum(map(self.count_tokens, filter(None, (query, *texts))))
        usage = Usage((usage_of(data) or Usage(0, 0)).prompt_tokens or _total(data) or read, 0)
        if self.task == "embedding":
            return Encoded(_in_order(data.get("data"), len(texts), "embedding", _is_vector), (), usage)
        return Encoded((), _in_order(data.get("results"), len(texts), "relevance_score", _is_number), usage)

    def _masked(self, request: EncodeRequest) -> list[str]:
        texts = [request.query, *request.texts]
        if not self._masks_personal:
            return texts
        masks = Masks(texts)
        return [masks.masked(number, text) for number, text in enumerate(texts)]


def _total(data: dict[str, Any]) -> int:
    """The tokens where a server tells only their sum, as servers that rerank do."""
    told = data.get("usage")
    total = told.get("total_tokens") if isinstance(told, dict) else None
    return total if type(total) is int and total > 0 else 0


def _in_order(entries: Any, count: int, field: str, is_right: Callable[[Any], bool]) -> list[Any]:
    """The value of each text, whatever order the server tells them in. Raises UpstreamError unless there is one for each."""
    values: dict[int, Any] = {}
    if isinstance(entries, list):
        for entry in entries:
            place = entry.get("index") if isinstance(entry, dict) else None
            if type(place) is int and is_right(entry.get(field)):
                values[place] = entry[field]
    if sorted(values) != list(range(count)):
        detail = f"{len(values)} of {count} texts have a {field}"
        raise UpstreamError(502, "upstream_garbage", "The model's server sent something that is no answer.", detail)
    return [values[place] for place in range(count)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))
