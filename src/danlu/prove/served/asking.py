"""Asking a served model for greedy replies, by the paths and parameters that each dialect has."""

from collections.abc import Mapping, Sequence
from typing import Any

from danlu.core.endpoints import Refused
from danlu.prove.served.client import Client
from danlu.prove.served.dialect import Dialect, ServedFacts
from danlu.prove.served.replies import Reply, read_reply

TOP = 10
"""Log-probabilities asked for at each position; OpenAI and vLLM allow 20, some gateways 10 or 5."""
_NEUTRAL: Mapping[Dialect, Mapping[str, float]] = {
    Dialect.LLAMA_CPP: {"top_k": 0, "min_p": 0.0, "typical_p": 1.0, "repeat_penalty": 1.0, "dry_multiplier": 0.0, "xtc_probability": 0.0},
    Dialect.VLLM: {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0},
    Dialect.OLLAMA: {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0},
    Dialect.OPENAI: {},
}  # fmt: skip
"""What switches every change of the distribution off, beside OpenAI's own parameters."""
_OPENAI_NEUTRAL = {"top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}


class Served:
    """One model on one server. It keeps in mind whether the server gives log-probabilities."""

    def __init__(self, client: Client, facts: ServedFacts, token_ids: Mapping[bytes, int]) -> None:
        self.client, self.facts = client, facts
        self._token_ids = token_ids
        self._logprobs = True

    def chat(self, messages: Sequence[Mapping[str, Any]], *, max_tokens: int, neutral: bool) -> Reply:
        """A reply at temperature 0; `neutral` states every sampling parameter, else only the temperature is stated.

        Raises Refused when the server answers with an error, UserError when it does not answer.
        """
        if neutral and self.facts.dialect == Dialect.OLLAMA:  # its /v1 takes no repeat_penalty
            options = {"temperature": 0.0, "num_predict": max_tokens, **_OPENAI_NEUTRAL, **_NEUTRAL[Dialect.OLLAMA]}
            return self._ask("/api/chat", {"messages": list(messages), "stream": False, "options": options})
        body = {"messages": list(messages), "temperature": 0.0, "max_tokens": max_tokens}
        return self._ask(f"{self.facts.api}/chat/completions", body | self._neutral(neutral))

    def complete(self, text: str, ids: Sequence[int], *, max_tokens: int, neutral: bool) -> Reply:
        """As `chat`, for a model that continues plain text; servers that take ids are given those."""
        takes_ids = self.facts.dialect in (Dialect.LLAMA_CPP, Dialect.VLLM)
        body = {"prompt": list(ids) if takes_ids else text, "temperature": 0.0, "max_tokens": max_tokens}
        return self._ask(f"{self.facts.api}/completions", body | self._neutral(neutral))

    def prompt_ids(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...] | None:
        """The ids that llama.cpp makes of a conversation; None of other servers, whose replies tell them or do not."""
        if self.facts.dialect != Dialect.LLAMA_CPP:
            return None
        try:
            prompt = self.client.post("/apply-template", {"messages": list(messages)})["prompt"]
            asked = {"content": prompt, "add_special": True, "parse_special": True}
            return tuple(self.client.post("/tokenize", asked)["tokens"])
        except (Refused, KeyError, TypeError):
            return None

    def _neutral(self, neutral: bool) -> dict[str, float]:
        return {**_OPENAI_NEUTRAL, **_NEUTRAL[self.facts.dialect]} if neutral else {}

    def _ask(self, path: str, body: dict[str, Any]) -> Reply:
        body = {"model": self.facts.model, **body}
        if self.facts.dialect == Dialect.VLLM:
            body |= {"return_token_ids": True, "return_tokens_as_token_ids": True}
        if self._logprobs:
            counted = {"logprobs": TOP} if path.endswith("/completions") and "prompt" in body else {}
            asked = counted or {"logprobs": True, "top_logprobs": TOP}
            try:
                return read_reply(self.client.post(path, body | asked), self._token_ids)
            except Refused as refused:
                # A server without log-probabilities says so; one that finds the prompt too long would say so again.
                if refused.status not in (400, 422, 501) or "logprob" not in refused.message.lower():
                    raise
                self._logprobs = False
        return read_reply(self.client.post(path, body), self._token_ids)
