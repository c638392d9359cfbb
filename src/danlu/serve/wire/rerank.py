"""Orders of texts by how well they answer a query: the request is read, the answer is written.

The fields are those that Jina, Cohere, vLLM and SiliconFlow share: https://docs.vllm.ai (Rerank API).
"""

from collections.abc import Callable
from typing import Any

from danlu.serve.models import Caller, Encoded, EncodeRequest
from danlu.serve.wire.embedding import texts_of
from danlu.serve.wire.errors import bad_value
from danlu.serve.wire.fields import flag, integer, object_of, refuse_unknown, string
from danlu.serve.wire.ids import new_hex

MOST_DOCUMENTS = 1_024
_KNOWN = frozenset({"model", "query", "documents", "top_n", "return_documents"})


def parse_rerank(body: bytes, caller: Caller) -> tuple[EncodeRequest, Callable[[Encoded], dict[str, Any]]]:
    """The request in this body, and how its answer is written. Raises ApiError 400 with the field named."""
    data = object_of(body)
    refuse_unknown(data, _KNOWN, frozenset({"user"}), {})
    if isinstance(data.get("documents"), str):
        raise bad_value("documents", "expected a list of texts")
    texts = texts_of(data, "documents", MOST_DOCUMENTS)
    most = integer(data, "top_n", 1, 2**31) or len(texts)
    with_texts = flag(data, "return_documents")
    request = EncodeRequest(string(data, "model"), texts, query=string(data, "query"), caller=caller)
    return request, lambda found: _shape(request, found, most, with_texts)


def _shape(request: EncodeRequest, found: Encoded, most: int, with_texts: bool) -> dict[str, Any]:
    order = sorted(range(len(found.scores)), key=lambda place: (-found.scores[place], place))[:most]
    results: list[dict[str, Any]] = [{"index": place, "relevance_score": found.scores[place]} for place in order]
    if with_texts:
        for result in results:
            result["document"] = {"text": request.texts[result["index"]]}
    usage = {"prompt_tokens": found.usage.prompt_tokens, "total_tokens": found.usage.prompt_tokens}
    return {"id": f"rerank-{new_hex(12)}", "model": request.model, "results": results, "usage": usage}
