"""A model that answers a conversation in JSON: what synthesis needs of one, and one behind an OpenAI-compatible address.

Replies are kept on disk as they arrive, so that a killed or repeated run pays for nothing twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from danlu.core.endpoints import Refused
from danlu.data.endpoint.client import Endpoint
from danlu.data.endpoint.reply_cache import ReplyCache

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Completion:
    """A reply and its price in tokens."""

    text: str
    prompt_tokens: int
    reply_tokens: int


class Completes(Protocol):
    """Replies to conversations. An input of a stage: it enters identity by its content."""

    @property
    def name(self) -> str:
        """Stands in every row that it wrote."""

    def content_hash(self) -> str:
        """A hash of the weights, or of address and name of what is asked."""

    def complete(self, messages: Messages, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """One reply that keeps to a JSON schema as far as the server can hold the model to it. May be called from threads."""


@dataclass(frozen=True)
class ByEndpoint:
    """A model behind an OpenAI-compatible address, each request sent once. `identity` stands for address and model."""

    endpoint: Endpoint
    name: str
    identity: str

    def content_hash(self) -> str:
        """Of the model, wherever it is served."""
        return self.identity

    def complete(self, messages: Messages, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """The kept reply, or a new one. A request that the server refuses (too long, say) is an empty reply."""
        named = {"name": "reply", "strict": True, "schema": schema}
        request = {
            "messages": [dict(message) for message in messages], "max_tokens": max_tokens, "temperature": 0.0,
            "response_format": {"type": "json_schema", "json_schema": named},
        }  # fmt: skip
        with ReplyCache(self.endpoint.cache) as cache:
            reply = cache.find(self.identity, request, 0)
            if reply is None:
                try:
                    reply = self.endpoint.ask(request)
                except Refused as refused:
                    reply = {"refused": refused.message}
                cache.keep(self.identity, request, 0, reply)
        return _read(reply)


def _read(reply: Mapping[str, Any]) -> Completion:
    usage = reply.get("usage") or {}
    choices = reply.get("choices") or [{}]
    text = str((choices[0].get("message") or {}).get("content") or "")
    return Completion(text, int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))


def read_object(text: str) -> dict[str, Any]:
    """The JSON object in a reply, fenced or not; empty when there is none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1]) if 0 <= start < end else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
