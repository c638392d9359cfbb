"""Served = trained: a model behind an OpenAI-compatible URL against the checkpoint that it should be.

A run sends at most 48 requests, of which up to two are long: some to learn what the server is, 2 for each of 10 conversations
and 2 more for the prompts of llama.cpp, and those with a prompt that is too long. No reply is longer than 32 tokens. llama.cpp
is tested as it runs; vLLM and Ollama by replies in their shapes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from danlu.core.endpoints import Refused
from danlu.core.errors import Phrase, UserError
from danlu.core.progress import Progress
from danlu.prove import models
from danlu.prove.finding import Finding
from danlu.prove.folder import ModelFolder
from danlu.prove.served.asking import Served
from danlu.prove.served.client import Client
from danlu.prove.served.dialect import recognise
from danlu.prove.served.local import token_ids
from danlu.prove.served.model import GREEDY, MODEL, check_greedy, check_model
from danlu.prove.served.probes import exchanges
from danlu.prove.served.prompt import PROMPT, check_prompt
from danlu.prove.served.sampling import SAMPLING, check_sampling
from danlu.prove.served.shapes import Misshapen
from danlu.prove.served.stop import STOP, check_stop
from danlu.prove.served.truncation import TRUNCATION, check_truncation
from danlu.prove.stops import stop_ids, turn_terminator
from danlu.text.rows.rows import Conversation

CHECKS = (MODEL, PROMPT, GREEDY, SAMPLING, STOP, TRUNCATION)


def check_served(
    checkpoint: ModelFolder,
    url: str,
    model: str | None,
    key: str | None,
    rows: Sequence[Conversation],
    *,
    threads: int,
    progress: Progress,
) -> Iterator[Finding]:
    """Every served.* check, one finding each.

    Raises UserError when the server cannot be reached, refuses the key, is no OpenAI-compatible API or does not have the model.
    Weights that cannot be loaded leave those checks that need none.
    """
    if not checkpoint.config:
        needs = Phrase("the whole model; the base of an adapter with --base")
        yield from (check.not_checkable(Phrase("there is no config.json"), needs) for check in CHECKS)
        return
    if checkpoint.kind not in ("causal", "unknown"):
        yield from (check.not_applicable(Phrase("this model does not continue text")) for check in CHECKS)
        return
    client = Client(url, key)
    facts = recognise(client, model)
    served = Served(client, facts, token_ids(checkpoint))
    weights, problem = _weights(checkpoint, threads)
    stops = tuple(dict.fromkeys([*stop_ids(checkpoint), *_terminator(checkpoint)]))
    try:
        found = tuple(exchanges(served, checkpoint, weights, stops, rows, progress))
    except Misshapen as shape:
        raise UserError(
            "{url} answers in a shape that is not known: {part} is {came}, where {expected} was expected",
            "see what POST {url}/v1/chat/completions answers by hand: the shape of OpenAI's API is expected",
            url=client.root,
            part=shape.part,
            came=shape.came,
            expected=shape.expected,
        ) from None
    except Refused as refused:
        raise UserError(
            "{url} refuses every conversation (HTTP {status}): {problem}",
            "try one request by hand: POST {url}/v1/chat/completions",
            url=client.root,
            status=refused.status,
            problem=refused.message,
        ) from None
    yield check_model(found, facts)
    if checkpoint.chat_template:
        yield check_prompt(found, facts, checkpoint)
    else:
        yield PROMPT.not_applicable(Phrase("the checkpoint has no chat template"))
    yield check_greedy(found, facts, checkpoint, problem)
    yield check_sampling(found, facts, checkpoint)
    yield check_stop(found, facts, checkpoint, stops, problem)
    yield check_truncation(served, checkpoint)


def _weights(checkpoint: ModelFolder, threads: int) -> tuple[Any, Phrase | None]:
    """The model, or why there is none."""
    try:
        return models.load(checkpoint, threads=threads), None
    except UserError as error:
        return None, Phrase(error.message_template, **error.values)


def _terminator(checkpoint: ModelFolder) -> tuple[int, ...]:
    terminator = turn_terminator(checkpoint)
    return () if terminator is None else (terminator,)
