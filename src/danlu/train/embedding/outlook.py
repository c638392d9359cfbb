"""The training of an embedding model, or of a reranker, before its first step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from danlu.core.artifacts import Checkpoint, Examples
from danlu.core.errors import Phrase
from danlu.core.stages import Work
from danlu.loop.contrastive import ContrastiveLearner
from danlu.loop.planned_feed import grouped
from danlu.loop.predict import Schedule
from danlu.loop.probe import Subject, scan
from danlu.loop.ranking import RankLearner
from danlu.model.checkpoint_files import save_checkpoint
from danlu.train.embedding import rerank, stage
from danlu.train.embedding.encode import encode, load_encoder_model, write_sentence_transformers
from danlu.train.embedding.rerank import RerankConfig
from danlu.train.embedding.stage import EmbedConfig
from danlu.train.examples import Row, left_out
from danlu.train.learning import CHECKPOINT_EVERY_STEPS, optimization
from danlu.train.learning_outlook import AtOnce, Dials, asked_of, config_of
from danlu.train.outlook import Example, Outlook, read_tokenizer

_TRIED_PASSAGES, _TRIED_QUERIES = 64, 4


def embed_outlook(base: Checkpoint, pairs: Examples, config: EmbedConfig, work: Work) -> Outlook:
    """What is known before a weight is loaded. Raises UserError for pairs that cannot be learnt from."""
    bare, got = replace(work, observers=()), stage.prepare(base, pairs, config, work.seed, searches=False)
    longest = {"query_tokens": max(map(len, got.queries)), "passage_tokens": max(map(len, got.passages))}
    at_once = partial(_embedded_at_once, longest, len(got.train), len(got.passages), work.seed)
    scored = sum(map(len, got.passages)) + sum(map(len, got.asked))
    return Outlook(
        rows=_rows(pairs, got.train, got.held_out),
        of_what="queries",
        examples=_compared(base, got, config),
        asked=asked_of(config_of(base.path), Dials("embed", config, "group_queries", 2, longest, at_once)),
        workload=scan(got.feed),
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=2 * scored),  # before and after
        subject=partial(embed_subject, base, pairs, config, bare),
        outline=partial(stage.prepare, base, pairs, config, work.seed, searches=False),
    )


def _embedded_at_once(
    longest: Mapping[str, int], queries: int, passages: int, seed: int, config: EmbedConfig
) -> AtOnce:
    """A group, its passages all different and one of them the longest."""
    group = max(len(numbers) for [numbers] in grouped(queries, seed, 1, config.group_queries))
    query, passage = (min(length, getattr(config, name) or length) for name, length in longest.items())
    apart = min(group * (1 + config.hard_negatives), passages)
    return AtOnce(group * query + apart * passage, max(query, passage), accumulates=False)


def embed_subject(base: Checkpoint, pairs: Examples, config: EmbedConfig, work: Work) -> Subject:
    """The training for a trial, with vectors of a few passages."""
    got = stage.prepare(base, pairs, config, work.seed, searches=False)
    encoder = load_encoder_model(base.path, work.threads)
    few = got.passages[:_TRIED_PASSAGES]

    def score() -> int:
        encode(encoder, few, got.pad_id)
        return sum(map(len, few))

    def finish(folder: Path) -> None:
        save_checkpoint(encoder, base.path, folder)
        write_sentence_transformers(folder, encoder.config.hidden_size, got.passage_tokens)

    learner = ContrastiveLearner(encoder, config.temperature)
    return Subject(learner, got.feed, optimization(config, config.learning_rate), score, finish)


def rerank_outlook(base: Checkpoint, pairs: Examples, config: RerankConfig, work: Work) -> Outlook:
    """What is known before a weight is loaded. Raises UserError for pairs that cannot be learnt from."""
    bare, got = replace(work, observers=()), rerank.prepare(base, pairs, config, work.seed, searches=False)
    longest, negatives = got.made.longest(got.train), min(map(len, got.negatives))
    at_once = partial(_ranked_at_once, longest, got.pair_tokens, len(got.train), negatives, work.seed)
    return Outlook(
        rows=_rows(pairs, got.train, got.held_out),
        of_what="queries",
        examples=_ranked(base, got),
        asked=asked_of(
            config_of(base.path), Dials("rerank", config, "micro_batch_tokens", 32, {"pair_tokens": longest}, at_once)
        ),
        workload=scan(got.feed),
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=sum(map(len, got.found))),
        subject=partial(rerank_subject, base, pairs, config, bare),
        outline=partial(rerank.prepare, base, pairs, config, work.seed, searches=False),
    )


def _ranked_at_once(
    longest: int, pair_tokens: int, queries: int, negatives: int, seed: int, config: RerankConfig
) -> AtOnce:
    """Queries with all their passages, which are not parted, and one pair is the longest."""
    most_tokens = config.pair_tokens or pair_tokens
    steps, pair = rerank.plan(config, most_tokens, seed, queries, negatives, epochs=1), min(longest, most_tokens)
    most = max(len(batch) for step in steps for batch in step)
    return AtOnce(most * (1 + negatives) * pair, pair, accumulates=any(len(step) > 1 for step in steps))


def rerank_subject(base: Checkpoint, pairs: Examples, config: RerankConfig, work: Work) -> Subject:
    """The training for a trial, with the passages of a few queries put into order."""
    got = rerank.prepare(base, pairs, config, work.seed, searches=False)
    model = rerank.classifier(base, work)

    def score() -> int:
        few = list(zip(got.held_out, got.found, strict=True))[:_TRIED_QUERIES]
        return sum(len(rerank.reordered(model, got.made, row["query"], near)) for row, near in few)

    finish = partial(save_checkpoint, model, base.path)
    return Subject(RankLearner(model), got.feed, optimization(config, config.learning_rate), score, finish)


def _rows(pairs: Examples, train: Sequence[Row], held_out: Sequence[Row]) -> list[tuple[str, int]]:
    return [("kept", len(train)), ("held out", len(held_out)), *left_out(pairs.manifest.counts)]


def _compared(base: Checkpoint, got: stage.Material, config: EmbedConfig) -> list[Example]:
    """The first query, the passage that answers it, and one that does not: given with it, or the answer to another of its group.

    What search finds near it is not known yet.
    """
    first, *beside = got.feed.plan[0][0]
    given = got.train[first]["negatives"][: config.hard_negatives]
    wrong = [*given, *(got.train[at]["positives"][0] for at in beside)]
    wrong = [number for number in wrong if number not in got.train[first]["positives"]]
    shown = [
        (got.queries[first], Phrase("the first query")),
        (got.passages[got.train[first]["positives"][0]], Phrase("the passage that answers it, to which it is drawn")),
        *((got.passages[at], Phrase("a passage that does not, from which it is pushed")) for at in wrong[:1]),
    ]  # fmt: skip
    tokenizer = read_tokenizer(base.path)
    return [Example(tokenizer, ids, [False] * len(ids), what) for ids, what in shown]


def _ranked(base: Checkpoint, got: rerank.Material) -> list[Example]:
    """The first query with the passage that answers it, and with one that does not where the data name one: no other is known yet."""
    batch, tokenizer = got.feed.batches(0)[0], read_tokenizer(base.path)
    whats = (
        Phrase("the first query with the passage that answers it, which must score highest"),
        Phrase("the same query with a passage that does not"),
    )
    shown = whats if got.train[got.feed.plan[0][0][0]]["negatives"] else whats[:1]
    rows = [batch.ids_BT[row][batch.mask_BT[row] == 1].tolist() for row in range(len(shown))]
    return [Example(tokenizer, ids, [False] * len(ids), what) for ids, what in zip(rows, shown, strict=True)]
