"""The stage `embed`: an embedding model fitted to a user's own queries and passages, measured before and after.

Contrastive fine-tuning of an encoder (danlu.loop.contrastive) with hard negatives by lexical search. The result is an ordinary
encoder checkpoint: mean pooling and unit length are what transformers' users write themselves and sentence-transformers reads.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from danlu.core.artifacts import Checkpoint, Examples
from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.stages import Facts, Stage, Work
from danlu.loop.planned_feed import PlannedFeed, grouped
from danlu.model.checkpoint_files import model_hash, save_checkpoint
from danlu.text.sections import RULES
from danlu.text.segment import LIBRARIES
from danlu.train.embedding.encode import (
    encode,
    load_encoder_model,
    load_padding_tokenizer,
    token_rows,
    tokens_read,
    write_sentence_transformers,
)
from danlu.train.embedding.lexical import Lexical
from danlu.train.embedding.measure import compared, scores_of
from danlu.train.embedding.negatives import hard_negatives, stand_ins
from danlu.train.examples import Row, read_jsonl
from danlu.train.learning import LearningConfig, learn

if TYPE_CHECKING:
    from danlu.loop.contrastive import ContrastiveBatch
    from danlu.train.outlook import Outlook

_QUERY_TOKENS, _PASSAGE_TOKENS = 48, 192
"""Where the settings say nothing: a passage of danlu's has about 800 half-widths, some 200 tokens."""
_RANKED = 100
"""Passages of a ranking that are looked at: an answer below them counts as not found."""


class EmbedConfig(LearningConfig):
    """What shapes an embedding model."""

    epochs: Annotated[int, Field(ge=1, le=100)] = 3
    """Passes over the queries."""
    group_queries: Annotated[int, Field(ge=2, le=65_536)] = 32
    """Queries that learn together, each with the others' passages as negatives; more are better and take more memory."""
    hard_negatives: Annotated[int, Field(ge=0, le=16)] = 1
    """Of each query, in its group: one, as in DPR (2004.04906) and SimCSE (2104.08821)."""
    temperature: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Cosines are divided by it: SimCSE's."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-5
    """Peak of the schedule: SimCSE's for BERT of base size."""
    query_tokens: Annotated[int, Field(ge=4, le=8192)] | None = None
    """Longer queries are cut, and counted. None: 48, or what the encoder reads where that is less."""
    passage_tokens: Annotated[int, Field(ge=8, le=8192)] | None = None
    """Longer passages are cut, and counted. None: 192, some 800 half-widths as danlu's passages have them, or what the encoder reads."""
    query_prefix: str = ""
    """Put before each query, such as `query: ` for E5; must be given at search as well."""
    passage_prefix: str = ""
    """Put before each passage, such as `passage: ` for E5."""


@dataclass(frozen=True)
class Material:
    """Queries and passages as text and as tokens, and the steps that they are learnt in."""

    train: list[Row]
    held_out: list[Row]
    passages: list[list[int]]
    queries: list[list[int]]
    """Of `train`."""
    asked: list[list[int]]
    """Of `held_out`."""
    negatives: list[list[int]]
    pad_id: int
    query_tokens: int
    """Longer queries are cut."""
    passage_tokens: int
    feed: "PlannedFeed[ContrastiveBatch]"


def _embed(work: Work, config: EmbedConfig, *, base: Checkpoint, pairs: Examples) -> Facts:
    from danlu.loop.contrastive import ContrastiveLearner

    got = prepare(base, pairs, config, work.seed)
    encoder = load_encoder_model(base.path, work.threads)
    work.progress.line(f"measuring {len(got.held_out)} queries on {len(got.passages)} passages")
    before = _scores(encoder, got)
    key = hash_facts([model_hash(base.path), pairs.manifest.content_hash, config.model_dump(), work.seed])
    losses = learn(ContrastiveLearner(encoder, config.temperature), got.feed, config, config.learning_rate, work, key)
    after = _scores(encoder, got)
    save_checkpoint(encoder, base.path, work.folder)
    write_sentence_transformers(work.folder, encoder.config.hidden_size, got.passage_tokens)
    figures = compared(before, after, work.seed)
    found = sum(map(len, got.negatives))
    counts = {
        "queries train": len(got.train), "queries held_out": len(got.held_out), "passages": len(got.passages),
        "steps": got.feed.steps, "hard negatives": found,
        "queries without a hard negative": sum(not n for n in got.negatives),
        "queries cut": sum(len(row) >= got.query_tokens for row in got.queries),
        "passages cut": sum(len(row) >= got.passage_tokens for row in got.passages),
    }  # fmt: skip
    write_report(work, figures, losses, counts)
    return Facts(counts, licences(base, pairs), note=note_of(figures, len(got.held_out)))


def outlook(work: Work, config: EmbedConfig, *, base: Checkpoint, pairs: Examples) -> "Outlook":
    """What is known before the stage's body begins, which is given the same."""
    from danlu.train.embedding.outlook import embed_outlook

    return embed_outlook(base, pairs, config, work)


def prepare(base: Checkpoint, pairs: Examples, config: EmbedConfig, seed: int, *, searches: bool = True) -> Material:
    """All that is there before a weight is loaded; when it `searches`, with the negatives that are learnt, else with stand-ins.

    Raises UserError for an encoder that reads less, and for a side without queries.
    """
    query_tokens, passage_tokens = lengths_read(base.path, config)
    train, held_out = read_sides(pairs)
    texts = [row["text"] for row in read_jsonl(pairs.path / "passages.jsonl")]
    tokenizer = load_padding_tokenizer(base.path)
    passages = token_rows(tokenizer, [config.passage_prefix + text for text in texts], passage_tokens)
    queries, asked = (
        token_rows(tokenizer, [config.query_prefix + row["query"] for row in rows], query_tokens)
        for rows in (train, held_out)
    )
    if searches:
        negatives = hard_negatives(train, texts, Lexical.of(texts), config.hard_negatives)
    else:
        negatives = stand_ins(train, texts, config.hard_negatives, seed)
    feed = _feed(config, seed, train, negatives, queries, passages, tokenizer.pad_token_id)
    pad_id = tokenizer.pad_token_id
    return Material(
        train, held_out, passages, queries, asked, negatives, pad_id, query_tokens, passage_tokens, feed
    )  # fmt: skip


def lengths_read(folder: Path, config: EmbedConfig) -> tuple[int, int]:
    """Tokens of queries and of passages at most. Raises UserError for an encoder that reads less than is asked for."""
    return (
        tokens_read(folder, "embed.query_tokens", config.query_tokens, _QUERY_TOKENS),
        tokens_read(folder, "embed.passage_tokens", config.passage_tokens, _PASSAGE_TOKENS),
    )


def read_sides(pairs: Examples) -> tuple[list[Row], list[Row]]:
    """Queries to learn from and to measure on; raises UserError when there are none on a side."""
    sides = read_jsonl(pairs.train), read_jsonl(pairs.held_out)
    if not all(sides):
        raise UserError(
            "{train} queries to learn from and {held_out} to measure on: each side needs one",
            "Give more queries, or documents with headings; the share that measures is held_out_share.",
            train=len(sides[0]),
            held_out=len(sides[1]),
        )
    return sides


def licences(base: Checkpoint, pairs: Examples) -> tuple[str, ...]:
    """The licences of what a model learnt from."""
    return tuple(sorted({*base.manifest.licences, *pairs.manifest.licences}))


def note_of(figures: dict[str, dict[str, float]], queries: int) -> str:
    """The figure that people look at first, of how many queries it is, and what follows when the training did harm."""
    ndcg = figures["ndcg@10"]
    before, after = f"{ndcg['before']:.3f}", f"{ndcg['after']:.3f}"
    low, high = f"{ndcg['gain_low']:+.3f}", f"{ndcg['gain_high']:+.3f}"
    if ndcg["gain_high"] < 0:
        return f"nDCG@10 {before} to {after} on {queries} held-out queries, gain {low} to {high}: worse than before, do not use it"
    return f"nDCG@10 {before} to {after} on {queries} held-out queries, gain {low} to {high}"


def write_report(work: Work, figures: Any, losses: Sequence[float | None], counts: dict[str, int]) -> None:
    """Write `report.json` beside the weights."""
    report = {"held_out": figures, "counts": counts, "nats_per_query_by_step": losses}
    (work.folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _feed(
    config: EmbedConfig,
    seed: int,
    rows: Sequence[Row],
    negatives: Sequence[Sequence[int]],
    queries: Sequence[Sequence[int]],
    passages: Sequence[Sequence[int]],
    pad_id: int,
) -> "PlannedFeed[ContrastiveBatch]":
    import torch

    from danlu.loop.contrastive import ContrastiveBatch, Texts

    plan = grouped(len(rows), seed, config.epochs, config.group_queries)
    steps_per_epoch = len(plan) // config.epochs

    def make(numbers: Sequence[int], step: int) -> ContrastiveBatch:
        """A query with several answers learns another one in each epoch."""
        epoch = step // steps_per_epoch
        own = [rows[at]["positives"][epoch % len(rows[at]["positives"])] for at in numbers]
        used = list(dict.fromkeys([*own, *(number for at in numbers for number in negatives[at])]))
        column = {number: at for at, number in enumerate(used)}
        ruled_out = torch.zeros(len(numbers), len(used), dtype=torch.bool)
        for row, (at, positive) in enumerate(zip(numbers, own, strict=True)):
            others = [column[number] for number in rows[at]["positives"] if number in column and number != positive]
            ruled_out[row, others] = True
        return ContrastiveBatch(
            Texts.of([queries[at] for at in numbers], pad_id),
            Texts.of([passages[number] for number in used], pad_id),
            torch.tensor([column[number] for number in own]),
            ruled_out,
        )

    return PlannedFeed(plan, make, lambda at: len(queries[at]) + len(passages[rows[at]["positives"][0]]))


def _scores(encoder: Any, got: Material) -> np.ndarray[Any, np.dtype[np.float64]]:
    """recall@10, reciprocal rank and nDCG@10 of each query over all passages."""
    encoder.eval()
    passages_ND = encode(encoder, got.passages, got.pad_id)
    scores_QN = encode(encoder, got.asked, got.pad_id) @ passages_ND.T
    rankings = np.argsort(-scores_QN, axis=1, kind="stable")[:, :_RANKED].tolist()
    return scores_of(rankings, [set(row["positives"]) for row in got.held_out])


embed = Stage(
    "embed",
    version=2,
    makes=Checkpoint,
    body=_embed,
    config=EmbedConfig,
    libraries=("numpy", "safetensors", "scipy", "tokenizers", "torch", "transformers", *LIBRARIES),
    rules=RULES,
    numeric=True,
    resumable=True,
    trains=True,
)
