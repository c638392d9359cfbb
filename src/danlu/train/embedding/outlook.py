"""The training of an embedding model, or of a reranker, before its first step."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from danlu.core.artifacts import Checkpoint, Examples
from danlu.core.errors import Phrase
from danlu.core.stages import Work
from danlu.loop.contrastive import ContrastiveLearner
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
from danlu.train.learning_outlook import Together, asked_of, config_of
from danlu.train.outlook import Example, Outlook, read_tokenizer

_TRIED_PASSAGES, _TRIED_QUERIES = 64, 4


def embed_outlook(base: Checkpoint, pairs: Examples, config: EmbedConfig, work: Work) -> Outlook:
    """What is known before a weight is loaded. Raises UserError for pairs that cannot be learnt from."""
    bare, got = replace(work, observers=()), stage.prepare(base, pairs, config, work.seed)
    workload = scan(got.feed)
    together = Together("embed.group_queries", "embed.passage_tokens", 2, config.group_queries)
    scored = sum(map(len, got.passages)) + sum(map(len, got.asked))
    return Outlook(
        rows=_rows(pairs, got.train, got.held_out),
        of_what="queries",
        examples=_compared(base, got),
        asked=asked_of(config_of(base.path), workload, max(map(len, got.passages)), together),
        workload=workload,
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=2 * scored),  # before and after
        subject=partial(embed_subject, base, pairs, config, bare),
        outline=partial(stage.prepare, base, pairs, config, work.seed),
    )


def embed_subject(base: Checkpoint, pairs: Examples, config: EmbedConfig, work: Work) -> Subject:
    """The training for a trial, with vectors of a few passages."""
    got = stage.prepare(base, pairs, config, work.seed)
    encoder = load_encoder_model(base.path, work.threads)
    few = got.passages[:_TRIED_PASSAGES]

    def score() -> int:
        encode(encoder, few, got.pad_id)
        return sum(map(len, few))

    def finish(folder: Path) -> None:
        save_checkpoint(encoder, base.path, folder)
        write_sentence_transformers(folder, encoder.config.hidden_size, config.passage_tokens)

    learner = ContrastiveLearner(encoder, config.temperature)
    return Subject(learner, got.feed, optimization(config, config.learning_rate), score, finish)


def rerank_outlook(base: Checkpoint, pairs: Examples, config: RerankConfig, work: Work) -> Outlook:
    """What is known before a weight is loaded. Raises UserError for pairs that cannot be learnt from."""
    bare, got = replace(work, observers=()), rerank.prepare(base, pairs, config, work.seed)
    workload, first = scan(got.feed), got.feed.batches(0)[0]
    a_query = first.padded_tokens // first.groups  # and its passages, which are not parted
    together = Together("rerank.micro_batch_tokens", "rerank.pair_tokens", a_query)
    return Outlook(
        rows=_rows(pairs, got.train, got.held_out),
        of_what="queries",
        examples=_ranked(base, got),
        asked=asked_of(config_of(base.path), workload, min(config.pair_tokens, workload.longest), together),
        workload=workload,
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=sum(map(len, got.found))),
        subject=partial(rerank_subject, base, pairs, config, bare),
        outline=partial(rerank.prepare, base, pairs, config, work.seed),
    )


def rerank_subject(base: Checkpoint, pairs: Examples, config: RerankConfig, work: Work) -> Subject:
    """The training for a trial, with the passages of a few queries put into order."""
    got = rerank.prepare(base, pairs, config, work.seed)
    model = rerank.classifier(base, work)

    def score() -> int:
        few = list(zip(got.held_out, got.found, strict=True))[:_TRIED_QUERIES]
        return sum(len(rerank.reordered(model, got.made, row["query"], near)) for row, near in few)

    finish = partial(save_checkpoint, model, base.path)
    return Subject(RankLearner(model), got.feed, optimization(config, config.learning_rate), score, finish)


def _rows(pairs: Examples, train: Sequence[Row], held_out: Sequence[Row]) -> list[tuple[str, int]]:
    return [("kept", len(train)), ("held out", len(held_out)), *left_out(pairs.manifest.counts)]


def _compared(base: Checkpoint, got: stage.Material) -> list[Example]:
    """The first query, the passage that answers it, and the hardest that does not."""
    first = got.feed.plan[0][0][0]
    shown = [
        (got.queries[first], Phrase("the first query")),
        (got.passages[got.train[first]["positives"][0]], Phrase("the passage that answers it, to which it is drawn")),
        *((got.passages[at], Phrase("a passage that does not, from which it is pushed")) for at in got.negatives[first][:1]),
    ]  # fmt: skip
    tokenizer = read_tokenizer(base.path)
    return [Example(tokenizer, ids, [False] * len(ids), what) for ids, what in shown]


def _ranked(base: Checkpoint, got: rerank.Material) -> list[Example]:
    """The first query with the passage that answers it, and with one that does not."""
    batch, tokenizer = got.feed.batches(0)[0], read_tokenizer(base.path)
    whats = (
        Phrase("the first query with the passage that answers it, which must score highest"),
        Phrase("the same query with a passage that does not"),
    )
    rows = [batch.ids_BT[row][batch.mask_BT[row] == 1].tolist() for row in (0, 1)]
    return [Example(tokenizer, ids, [False] * len(ids), what) for ids, what in zip(rows, whats, strict=True)]
