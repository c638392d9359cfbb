"""The `usage` object of chat completions."""

from typing import Any

from danlu.serve.models import Usage


def usage_shape(usage: Usage) -> dict[str, Any]:
    """The counts, with what a cache gave and what was thought told apart where there was any."""
    counts: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
    if usage.cached_tokens:
        counts["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    if usage.reasoning_tokens:
        counts["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return counts
