"""Label by a model: each document is shown to a language model with a label schema, and its reply is checked.

A reply that is no label is an abstention with its reason, in the rejects. With several samples for each document (self-consistency,
Wang et al. 2022, arXiv 2203.11171) the most frequent label is given, with its share as probability; with one there is no
probability, since nothing was estimated. Examples from people's labels can go before the question, never the document
itself.
"""

import json
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

from pydantic import Field

from danlu.core.artifacts import Corpus, Labels
from danlu.core.errors import UserError
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.label.endpoint import Endpoint, Refused
from danlu.data.label.prompt import Said, Shot, messages, read_reply, response_format
from danlu.data.label.records import Label, read_labels, text_hash
from danlu.data.label.reply_cache import ReplyCache
from danlu.data.label.schema import LabelSchema, SchemaFile
from danlu.data.label.spending import REPLY_TOKENS, estimate_tokens
from danlu.data.label.writing import LabelWriter
from danlu.data.parts import parts_of
from danlu.text.records import Reject
from danlu.text.tables import read_rows

_COLUMNS = ["doc_id", "source", "licence", "language", "text"]


class ModelConfig(Config):
    """How a model is asked."""

    max_characters: int = Field(6000, ge=100)
    """Of each document, from its beginning; what is cut off is noted in `meta`."""
    samples: int = Field(1, ge=1, le=50)
    """Replies for each document; 3 to 10 tell how sure the model is, at that many times the price."""
    min_share: float = Field(0.5, ge=0, le=1)
    """Of the samples that give a label, the share that must agree on it (more than this, when there are several)."""
    temperature: float = Field(0.0, ge=0, le=2)
    """Of the only sample. Several are drawn at `sampling_temperature`."""
    sampling_temperature: float = Field(0.7, gt=0, le=2)
    """0.5 to 1: samples at 0 are all the same."""
    max_reply_tokens: int = Field(200, ge=5)
    """A label takes about 20; a model that thinks aloud needs more."""
    shots: int = Field(0, ge=0, le=20)
    """Examples for each label, from --known."""
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """What the server can be held to: most take a JSON schema; `none` for one that refuses the others."""
    prompt_language: Literal["auto", "zh", "en"] = "auto"
    """auto: Chinese for Chinese documents, else English."""


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


class Question(NamedTuple):
    """What is needed to ask about any document."""

    config: ModelConfig
    schema: LabelSchema
    shots: dict[str, list[tuple[str, str]]]
    """For each label, (doc_id, text) of examples: one more than are shown, since a document is no example for itself."""
    seed: int

    def request(self, row: dict[str, Any], sample: int) -> dict[str, Any]:
        """The body of a request, without the model's name."""
        config = self.config
        language = config.prompt_language
        spoken = ("zh" if row["language"] == "zh" else "en") if language == "auto" else language
        shown = [
            Shot(text, label)
            for label, found in self.shots.items()
            for _, text in [entry for entry in found if entry[0] != row["doc_id"]][: config.shots]
        ]
        several = config.samples > 1
        return {
            "messages": messages(self.schema, row["text"][: config.max_characters], shown, spoken),
            "temperature": config.sampling_temperature if several else config.temperature,
            "max_tokens": config.max_reply_tokens,
            "seed": self.seed + sample,
        } | response_format(self.schema, config.structured)


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
    done, total = 0, sum(1 for _ in read_rows(documents.documents, ["doc_id"]))
    with ReplyCache(endpoint.cache) as cache:

        def ask(row: dict[str, Any]) -> _Outcome:
            said = [_sample(question, row, sample, endpoint, cache) for sample in range(config.samples)]
            return _Outcome(row, said)

        for part in parts_of(documents):
            with writer.part():
                for outcome in _in_order(ask, read_rows(part, _COLUMNS), endpoint.concurrency):
                    _decide(outcome, question, endpoint.model, writer)
                    done += 1
                    work.progress.advance(done, total, f"{endpoint.spending.cost:.4f}")
    return writer.facts()


def question_of(
    config: ModelConfig, documents: Corpus, schema: SchemaFile, known: Labels | None, seed: int
) -> Question:
    """What will be asked; raises UserError when examples are wanted and there are none."""
    loaded = schema.load()
    if config.shots and known is None:
        raise UserError("{shots} examples are wanted, and there are no labels", "Give --known.", shots=config.shots)
    shots = _shots(documents, known, loaded, config, seed) if known and config.shots else {}
    return Question(config, loaded, shots, seed)


def estimate(question: Question, documents: Corpus, endpoint: Endpoint) -> Estimate:
    """Read everything and send nothing."""
    counted, requests, cached, tokens = 0, 0, 0, 0
    with ReplyCache(endpoint.cache) as cache:
        for row in read_rows(documents.documents, _COLUMNS):
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


def _shots(
    documents: Corpus, known: Labels, schema: LabelSchema, config: ModelConfig, seed: int
) -> dict[str, list[tuple[str, str]]]:
    """For each label, examples drawn by seed from documents whose text is still the one that was labelled."""
    by_label: dict[str, list[Label]] = {name: [] for name in schema.names}
    for label in read_labels(known):
        by_label.get(label.label or "", []).append(label)
    wanted: dict[str, Label] = {}
    for name, found in by_label.items():
        ordered = sorted(found, key=lambda label: label.doc_id)
        draw = random.Random(f"{seed} {name}").sample(ordered, min(len(ordered), config.shots + 1))  # noqa: S311
        wanted |= {label.doc_id: label for label in draw}
    shots: dict[str, list[tuple[str, str]]] = {name: [] for name in schema.names}
    for row in read_rows(documents.documents, ["doc_id", "text"]):
        example = wanted.get(row["doc_id"])
        if example is not None and example.text_hash == text_hash(row["text"]):
            shots[str(example.label)].append((row["doc_id"], row["text"][: config.max_characters // 4]))
    _check_shots(shots)
    return shots


def _check_shots(shots: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    bare = [name for name, found in shots.items() if not found]
    if bare:
        raise UserError(
            "No example in these documents is labelled {names}",
            "Label some, or leave out label.shots.",
            names=", ".join(bare),
        )


label_by_model = Stage("label_by_model", version=1, makes=Labels, body=_label_by_model, config=ModelConfig)
