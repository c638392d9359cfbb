"""Label by a model: each document is shown to a language model with a label schema, and its reply is checked.

A reply that is no label is an abstention with its reason, in the rejects. With several samples for each document (self-consistency,
Wang et al. 2022, arXiv 2203.11171) the most frequent label is given, with its share as probability; with one there is no
probability, since nothing was estimated.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from danlu.core.artifacts import Corpus, Labels
from danlu.core.endpoints import Refused
from danlu.core.errors import UserError
from danlu.core.stages import Facts, Stage, Work
from danlu.data.endpoint.client import Endpoint
from danlu.data.endpoint.reply_cache import ReplyCache
from danlu.data.endpoint.spending import REPLY_TOKENS, estimate_tokens
from danlu.data.label.prompt import Said, read_reply
from danlu.data.label.question import ModelConfig, Question, question_of
from danlu.data.label.records import Label, text_hash
from danlu.data.label.schema import SchemaFile
from danlu.data.label.writing import LabelWriter
from danlu.data.parts import parts_of
from danlu.text.records import Reject
from danlu.text.tables import stream_rows

_COLUMNS = ["doc_id", "source", "licence", "language", "text"]


class Estimate(NamedTuple):
    """What a run will take, before any reply is known."""

    documents: int
    requests: int
    from_cache: int
    input_tokens: int
    output_tokens: int
    cost: float


class _Outcome(NamedTuple):
    row: dict[str, Any]
    said: list[Said]


def _label_by_model(
    work: Work,
    config: ModelConfig,
    *,
    documents: Corpus,
    endpoint: Endpoint,
    schema: SchemaFile,
    known: Labels | None = None,
) -> Facts:
    question = question_of(config, documents, schema, known, work.seed)
    writer = LabelWriter(work.folder, question.schema.names)
    done, total = 0, sum(1 for _ in stream_rows(documents.documents, ["doc_id"]))
    with ReplyCache(endpoint.cache) as cache:

        def ask(row: dict[str, Any]) -> _Outcome:
            said = [_sample(question, row, sample, endpoint, cache) for sample in range(config.samples)]
            return _Outcome(row, said)

        for part in parts_of(documents):
            with writer.part():
                for outcome in _in_order(ask, stream_rows(part, _COLUMNS), endpoint.concurrency):
                    _decide(outcome, question, endpoint.model, writer)
                    done += 1
                    work.progress.advance(done, total, f"{endpoint.spending.cost:.4f}")
    return writer.facts()


def estimate(question: Question, documents: Corpus, endpoint: Endpoint) -> Estimate:
    """Read everything and send nothing."""
    counted, requests, cached, tokens = 0, 0, 0, 0
    with ReplyCache(endpoint.cache) as cache:
        for row in stream_rows(documents.documents, _COLUMNS):
            counted += 1
            for sample in range(question.config.samples):
                request = question.request(row, sample)
                if cache.find(endpoint.root, request | {"model": endpoint.model}, sample) is not None:
                    cached += 1
                    continue
                requests += 1
                tokens += estimate_tokens(request["messages"])
    replies = requests * REPLY_TOKENS
    return Estimate(counted, requests, cached, tokens, replies, endpoint.spending.price.of(tokens, replies))


def _sample(question: Question, row: dict[str, Any], sample: int, endpoint: Endpoint, cache: ReplyCache) -> Said:
    request = question.request(row, sample)
    key = request | {"model": endpoint.model}
    reply = cache.find(endpoint.root, key, sample)
    if reply is not None:
        endpoint.spending.cached()
        return read_reply(reply, question.schema)
    reserved = endpoint.spending.reserve(request["messages"])
    try:
        reply = endpoint.ask(request)
    except Refused as refused:
        return Said(None, _refusal(refused, question.config))
    finally:
        endpoint.spending.settle(reserved, request["messages"], reply)
    cache.keep(endpoint.root, key, sample, reply)
    return read_reply(reply, question.schema)


def _refusal(refused: Refused, config: ModelConfig) -> str:
    """A server that takes no structured output refuses every document: that is a setting to change, not a label to miss."""
    if "response_format" in refused.message or "json_schema" in refused.message:
        raise UserError(
            "The server refuses structured output: {said}",
            "--set label.structured=json_object, or none, asks for less.",
            said=refused.message,
        )
    return "server refused the request"


def _in_order(
    ask: Callable[[dict[str, Any]], _Outcome], rows: Iterable[dict[str, Any]], concurrency: int
) -> Iterator[_Outcome]:
    """Outcomes in the order of the rows, with a bounded number in flight; the first failure ends it."""
    waiting: deque[Future[_Outcome]] = deque()
    with ThreadPoolExecutor(concurrency) as pool:
        try:
            for row in rows:
                waiting.append(pool.submit(ask, row))
                if len(waiting) > 2 * concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _decide(outcome: _Outcome, question: Question, model: str, writer: LabelWriter) -> None:
    row, said = outcome
    writer.licences.add(row["licence"])
    votes = Counter(answer.label for answer in said if answer.label)
    reasons = Counter(answer.reason for answer in said if not answer.label)
    if not votes:
        reason = min(reasons, key=lambda name: (-reasons[name], name))
        writer.reject(Reject(row["doc_id"], row["source"], reason, f"{len(said)} replies", "a label"))
        return
    label = min(votes, key=lambda name: (-votes[name], question.schema.names.index(name)))
    share = votes[label] / votes.total()
    if len(said) > 1 and share <= question.config.min_share:
        found, bound = f"share {share:.2f}", str(question.config.min_share)
        writer.reject(Reject(row["doc_id"], row["source"], "samples disagree", found, bound))
        return
    meta: dict[str, Any] = {"samples": dict(votes)} if len(said) > 1 else {}
    meta |= {"no label": dict(reasons)} if reasons else {}
    if len(row["text"]) > question.config.max_characters:
        meta["read_characters"] = question.config.max_characters
    chances = tuple(votes[name] / votes.total() for name in question.schema.names) if len(said) > 1 else ()
    writer.add(
        Label(
            row["doc_id"], row["source"], text_hash(row["text"]), label, "model", model,
            share if len(said) > 1 else None, chances, meta=json.dumps(meta, ensure_ascii=False),
        )
    )  # fmt: skip


label_by_model = Stage("label_by_model", version=1, makes=Labels, body=_label_by_model, config=ModelConfig)
