"""The stage `rerank`: a cross-encoder that puts what lexical search found into a better order, fitted to a user's own queries.

Query and passage are read together, so it sees which word answers which; it is far too slow for all passages and is
asked about the first few (Nogueira & Cho 2019, arXiv 1901.04085). Negatives are what search ranks near the query.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from danlu.core.artifacts import Checkpoint, Examples
from danlu.core.hashing import hash_facts
from danlu.core.stages import Facts, Stage, Work
from danlu.loop.batches import micro_batches
from danlu.loop.planned_feed import PlannedFeed, grouped
from danlu.model.checkpoint_files import model_hash, save_checkpoint
from danlu.model.loading import errors_only, quiet_transformers
from danlu.text.sections import RULES
from danlu.text.segment import LIBRARIES
from danlu.train.embedding.encode import load_padding_tokenizer, tokens_read
from danlu.train.embedding.lexical import Lexical
from danlu.train.embedding.measure import compared, scores_of
from danlu.train.embedding.negatives import filled, hard_negatives, stand_ins
from danlu.train.embedding.stage import licences, note_of, read_sides, write_report
from danlu.train.examples import Row, read_jsonl
from danlu.train.learning import LearningConfig, learn

if TYPE_CHECKING:
    from danlu.loop.ranking import RankBatch
    from danlu.train.outlook import Outlook

_BATCH_PAIRS = 32
_PAIR_TOKENS = 256
"""Where the setting says nothing."""


class RerankConfig(LearningConfig):
    """What shapes a reranker."""

    epochs: Annotated[int, Field(ge=1, le=100)] = 2
    """Passes over the queries; MS MARCO's rerankers take one to three."""
    step_queries: Annotated[int, Field(ge=1, le=4096)] = 8
    """Queries of an optimizer step."""
    micro_batch_tokens: Annotated[int, Field(ge=16)] = 4096
    """Padded tokens that go through the model at once."""
    negatives: Annotated[int, Field(ge=1, le=64)] = 4
    """Passages of each query that do not answer it, hard ones first: LCE (2101.08751) takes 7."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-5
    """Peak of the schedule: BERT's fine-tuning rates are 2e-5 to 5e-5."""
    pair_tokens: Annotated[int, Field(ge=16, le=8192)] | None = None
    """Query and passage together; of longer pairs the longer is cut, and they are counted. None: 256, or what the encoder reads."""
    reranked: Annotated[int, Field(ge=2, le=1000)] = 20
    """Passages that search found which are put into a new order when it is measured."""


class Pairs:
    """Token ids of (query, passage), made when asked for: all pairs of a corpus would not fit."""

    def __init__(self, tokenizer: Any, texts: Sequence[str], max_tokens: int) -> None:
        self._tokenizer, self._texts, self._max_tokens = tokenizer, texts, max_tokens

    def batch(self, pairs: Sequence[tuple[str, int]], groups: int) -> "RankBatch":
        """Pairs of a query and the number of a passage."""
        from danlu.loop.ranking import RankBatch

        made = self._tokenizer(
            [query for query, _ in pairs],
            [self._texts[number] for _, number in pairs],
            truncation="longest_first",
            max_length=self._max_tokens,
            padding=True,
            return_token_type_ids=True,
            return_tensors="pt",
        )
        return RankBatch(made["input_ids"], made["attention_mask"], made["token_type_ids"], groups)

    def cut(self, rows: Sequence[Row], negatives: Sequence[Sequence[int]]) -> int:
        """Of the pairs that are learnt, those that are longer than a row."""
        if not rows:
            return 0
        asked, read = self._lengths(rows)
        return sum(
            query + read[number] > self._room
            for query, row, others in zip(asked, rows, negatives, strict=True)
            for number in (*row["positives"], *others)
        )

    def longest(self, rows: Sequence[Row]) -> int:
        """Tokens of the longest pair that there may be, whatever search finds."""
        asked, read = self._lengths(rows)
        return self._max_tokens - self._room + min(self._room, max(asked) + max(read))

    @property
    def _room(self) -> int:
        return self._max_tokens - int(self._tokenizer.num_special_tokens_to_add(pair=True))

    def _lengths(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Of queries and of passages, without special tokens."""
        for texts in ([row["query"] for row in rows], list(self._texts)):
            yield [len(ids) for ids in self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]]


@dataclass(frozen=True)
class Material:
    """Queries with passages, and the steps that they are learnt in."""

    train: list[Row]
    held_out: list[Row]
    passages: int
    hard: list[list[int]]
    negatives: list[list[int]]
    """The hard ones, and easy ones where search found too few."""
    found: list[list[int]]
    """For each query of `held_out`, what search finds."""
    made: Pairs
    pair_tokens: int
    feed: "PlannedFeed[RankBatch]"


def _rerank(work: Work, config: RerankConfig, *, base: Checkpoint, pairs: Examples) -> Facts:
    from danlu.loop.ranking import RankLearner

    got = prepare(base, pairs, config, work.seed)
    model = classifier(base, work)
    answers = [set(row["positives"]) for row in got.held_out]
    key = hash_facts([model_hash(base.path), pairs.manifest.content_hash, config.model_dump(), work.seed])
    losses = learn(RankLearner(model), got.feed, config, config.learning_rate, work, key)
    after = [reordered(model, got.made, row["query"], near) for row, near in zip(got.held_out, got.found, strict=True)]
    save_checkpoint(model, base.path, work.folder)
    figures = compared(scores_of(got.found, answers), scores_of(after, answers), work.seed)
    hard = sum(map(len, got.hard))
    counts = {
        "queries train": len(got.train), "queries held_out": len(got.held_out), "passages": got.passages,
        "steps": got.feed.steps, "hard negatives": hard, "easy negatives": sum(map(len, got.negatives)) - hard,
        "pairs cut": got.made.cut(got.train, got.negatives),
        "queries whose answer search did not find": sum(not right & set(near) for right, near in zip(answers, got.found, strict=True)),
    }  # fmt: skip
    write_report(work, figures, losses, counts)
    return Facts(counts, licences(base, pairs), note=note_of(figures, len(got.held_out)))


def outlook(work: Work, config: RerankConfig, *, base: Checkpoint, pairs: Examples) -> "Outlook":
    """What is known before the stage's body begins, which is given the same."""
    from danlu.train.embedding.outlook import rerank_outlook

    return rerank_outlook(base, pairs, config, work)


def prepare(base: Checkpoint, pairs: Examples, config: RerankConfig, seed: int, *, searches: bool = True) -> Material:
    """All that is there before a weight is loaded; when it `searches`, with what search finds, else with stand-ins for it.

    Raises UserError for an encoder that reads less, and for a side without queries.
    """
    pair_tokens = length_read(base.path, config)
    train, held_out = read_sides(pairs)
    texts = [row["text"] for row in read_jsonl(pairs.path / "passages.jsonl")]
    if searches:
        lexical = Lexical.of(texts)
        hard = hard_negatives(train, texts, lexical, config.negatives)
        negatives = filled(hard, train, texts, config.negatives, seed)
        found = lexical.best([row["query"] for row in held_out], config.reranked)
    else:
        hard = [row["negatives"][: config.negatives] for row in train]
        negatives = stand_ins(train, texts, config.negatives, seed)
        found = stand_ins(held_out, texts, config.reranked, seed)
    made = Pairs(load_padding_tokenizer(base.path), texts, pair_tokens)
    feed = _feed(config, pair_tokens, seed, train, negatives, made)
    return Material(train, held_out, len(texts), hard, negatives, found, made, pair_tokens, feed)


def length_read(folder: Path, config: RerankConfig) -> int:
    """Tokens of a pair at most. Raises UserError for an encoder that reads less than is asked for."""
    return tokens_read(folder, "rerank.pair_tokens", config.pair_tokens, _PAIR_TOKENS)


def classifier(base: Checkpoint, work: Work) -> Any:
    """The base with one output; what the base has no weights for starts from the seed."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(work.threads)
    loader: Any = AutoModelForSequenceClassification
    with torch.random.fork_rng(devices=[]), quiet_transformers(), errors_only():
        torch.manual_seed(work.seed)
        return loader.from_pretrained(base.path, num_labels=1, dtype=torch.float32, local_files_only=True).eval()


def _feed(
    config: RerankConfig, pair_tokens: int, seed: int, rows: Sequence[Row], negatives: Sequence[Sequence[int]], pairs: Pairs
) -> "PlannedFeed[RankBatch]":  # fmt: skip
    fewest = min(map(len, negatives))
    tokens = (1 + fewest) * pair_tokens
    steps = plan(config, pair_tokens, seed, len(rows), fewest, config.epochs)
    steps_per_epoch = len(steps) // config.epochs

    def make(numbers: Sequence[int], step: int) -> "RankBatch":
        """A query with several answers learns another one in each epoch."""
        epoch = step // steps_per_epoch
        asked = []
        for at in numbers:
            positives = rows[at]["positives"]
            listed = [positives[epoch % len(positives)], *negatives[at][:fewest]]
            asked += [(rows[at]["query"], number) for number in listed]
        return pairs.batch(asked, len(numbers))

    return PlannedFeed(steps, make, lambda _: tokens)


def plan(
    config: RerankConfig, pair_tokens: int, seed: int, queries: int, negatives: int, epochs: int
) -> list[list[list[int]]]:
    """The batches of each step, as numbers of queries. The pairs are made when they are learnt, so each is as long as it may be."""
    lengths = [(1 + negatives) * pair_tokens] * queries
    return [
        [list(batch) for batch in micro_batches(numbers, lengths, config.micro_batch_tokens)]
        for [numbers] in grouped(queries, seed, epochs, config.step_queries)
    ]


def reordered(model: Any, pairs: Pairs, query: str, found: Sequence[int]) -> list[int]:
    """What search found for a query, by the model's score."""
    import torch

    from danlu.loop.ranking import pair_scores

    scores: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(found), _BATCH_PAIRS):
            asked = [(query, number) for number in found[start : start + _BATCH_PAIRS]]
            scores += pair_scores(model, pairs.batch(asked, len(asked))).tolist()
    return [found[at] for at in sorted(range(len(found)), key=lambda at: (-scores[at], at))]


rerank = Stage(
    "rerank",
    version=2,
    makes=Checkpoint,
    body=_rerank,
    config=RerankConfig,
    libraries=("numpy", "safetensors", "scipy", "tokenizers", "torch", "transformers", *LIBRARIES),
    rules=RULES,
    numeric=True,
    resumable=True,
    trains=True,
)
