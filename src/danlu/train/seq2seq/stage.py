"""The stage `seq2seq`: an encoder-decoder model that translates or summarises, fitted to pairs and measured on held-out ones.

From a base, or from nothing (danlu.train.seq2seq.fresh). It is measured by what it generates, beside a baseline that learnt
nothing: the source itself for a translation, its first words for a summary.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from danlu.core.artifacts import Checkpoint, Examples
from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.stages import Facts, Stage, Work
from danlu.loop.batches import Limits, MicroBatch, micro_batches, plan_steps
from danlu.loop.planned_feed import PlannedFeed
from danlu.model.checkpoint_files import load_tokenizer, model_hash, save_checkpoint
from danlu.model.loading import quiet_transformers
from danlu.train.examples import Row, read_jsonl
from danlu.train.learning import LearningConfig, learn
from danlu.train.seq2seq.fresh import Family, make_model, write_vocabulary
from danlu.train.seq2seq.generate import Generation, generate
from danlu.train.seq2seq.scores import bleu, chrf, rouge

if TYPE_CHECKING:
    from danlu.loop.seq2seq_batch import Seq2seqBatch, TokenPair
    from danlu.train.outlook import Outlook

_FRESH_RATE, _TUNING_RATE = 3e-4, 3e-5
_ENDLESS = 2**62


class Seq2seqConfig(LearningConfig):
    """What shapes a model that turns a text into another."""

    task: Literal["translate", "summarise"] = "translate"
    """What it is measured by: BLEU and chrF, or ROUGE."""
    family: Family = "marian"
    """Without a base: the architecture."""
    width: Literal[32, 64, 128, 256, 384, 512, 768, 1024] = 256
    """Without a base, the size dial: 256 gives 4 + 4 layers and 7 million weights beside the vocabulary's."""
    vocabulary: Annotated[int, Field(ge=300, le=256_000)] = 8000
    """Without a base: tokens, of both languages. 32,000 is usual for millions of pairs, 8,000 for tens of thousands."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Without a base: share of the activations that a step does not see."""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Passes over the pairs."""
    step_tokens: Annotated[int, Field(ge=16)] = 2048
    """Tokens of an optimizer step, sources and targets."""
    micro_batch_tokens: Annotated[int, Field(ge=16)] = 4096
    """Padded tokens that go through the model at once."""
    source_tokens: Annotated[int, Field(ge=4, le=16_384)] = 256
    """Longer sources are cut, and counted."""
    target_tokens: Annotated[int, Field(ge=4, le=16_384)] = 128
    """Pairs with a longer target are left out, and counted: a cut one would teach to stop early. Also the longest that is generated."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak of the schedule; by default 3e-4 without a base (Marian's) and 3e-5 with one (BART's fine-tuning)."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the weight that all tokens get: Vaswani's and Marian's."""
    prefix: str = ""
    """Put before each source, such as `summarize: ` for T5; must be given at use as well."""
    beams: Annotated[int, Field(ge=1, le=32)] = 4
    """Of the search when it is measured."""
    measured: Annotated[int, Field(ge=1)] = 200
    """Held-out pairs that are generated for, the first ones: generating costs more than learning."""


@dataclass(frozen=True)
class Material:
    """Pairs as text and as tokens, and the steps that they are learnt in."""

    train: list[Row]
    held_out: list[Row]
    origin: Path
    """Where the tokenizer comes from: the base, or a vocabulary of the pairs' own."""
    tokenizer: Any
    fitting: "list[TokenPair]"
    """Of `train`, those whose target is not too long."""
    feed: "PlannedFeed[Seq2seqBatch]"


def _seq2seq(work: Work, config: Seq2seqConfig, *, pairs: Examples, base: Checkpoint | None = None) -> Facts:
    from danlu.loop.seq2seq_learner import Seq2seqLearner

    origin = base.path if base else write_own_vocabulary(pairs, config, work.scratch / "vocabulary")
    got = prepare(pairs, config, work.seed, origin)
    tokenizer, feed = got.tokenizer, got.feed
    model = make(config, base, len(tokenizer), work)
    measured, generation = got.held_out[: config.measured], generation_of(config)
    before = _figures(config, generate(model, tokenizer, measured, generation), measured) if base else {}
    shaping = [pairs.manifest.content_hash, config.model_dump(), work.seed, model_hash(base.path) if base else ""]
    rate = rate_of(config, base)
    losses = learn(Seq2seqLearner(model, config.label_smoothing), feed, config, rate, work, hash_facts(shaping))
    made = generate(model, tokenizer, measured, generation)
    save_checkpoint(model, got.origin, work.folder)
    counts = {
        "pairs train": len(got.train), "pairs held_out": len(got.held_out), "pairs measured": len(measured),
        "steps": feed.steps, "learnt": len(got.fitting), "targets too long": len(got.train) - len(got.fitting),
        "sources cut": sum(len(row.source) >= config.source_tokens for row in got.fitting),
        "parameters": sum(weight.numel() for weight in model.parameters()),
    }  # fmt: skip
    figures = {
        "baseline": _figures(config, _baseline(config, measured), measured),
        "before": before,
        "after": _figures(config, made, measured),
    }
    _write(work, figures, counts, losses, measured, made)
    licences = {*pairs.manifest.licences, *(base.manifest.licences if base else ())}
    return Facts(counts, tuple(sorted(licences)), note=_note(config, figures))


def outlook(work: Work, config: Seq2seqConfig, *, pairs: Examples, base: Checkpoint | None = None) -> "Outlook":
    """What is known before the stage's body begins, which is given the same."""
    from danlu.train.seq2seq.outlook import seq2seq_outlook

    return seq2seq_outlook(pairs, base, config, work)


def write_own_vocabulary(pairs: Examples, config: Seq2seqConfig, folder: Path) -> Path:
    """Learn a vocabulary of the pairs that are learnt from; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = (row[field] for row in read_jsonl(pairs.train) for field in ("source", "target"))
    write_vocabulary(texts, config.vocabulary, config.family, folder)
    return folder


def prepare(pairs: Examples, config: Seq2seqConfig, seed: int, origin: Path) -> Material:
    """All that is there before a weight is, with the tokenizer in the folder `origin`.

    Raises UserError when a side has no pair, or no target is short enough.
    """
    train, held_out = _sides(pairs)
    tokenizer = load_tokenizer(origin)
    rows = token_pairs(tokenizer, train, config)
    fitting = [row for row in rows if len(row.target) <= config.target_tokens]
    return Material(train, held_out, origin, tokenizer, fitting, _feed(config, seed, fitting, tokenizer.pad_token_id))


def generation_of(config: Seq2seqConfig) -> Generation:
    """How texts are generated when it is measured."""
    return Generation(config.prefix, config.source_tokens, config.target_tokens, config.beams)


def rate_of(config: Seq2seqConfig, base: Checkpoint | None) -> float:
    """The peak of the schedule."""
    return config.learning_rate or (_TUNING_RATE if base else _FRESH_RATE)


def _sides(pairs: Examples) -> tuple[list[Row], list[Row]]:
    sides = read_jsonl(pairs.train), read_jsonl(pairs.held_out)
    if not all(sides):
        raise UserError(
            "{train} pairs to learn from and {held_out} to measure on: each side needs one",
            "Give more pairs; the share that measures is text_pairs.held_out_share.",
            train=len(sides[0]),
            held_out=len(sides[1]),
        )
    return sides


def make(config: Seq2seqConfig, base: Checkpoint | None, vocabulary_size: int, work: Work) -> Any:
    """The model that learns: the base, or random weights. Raises UserError for a base of another kind."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    torch.set_num_threads(work.threads)
    if base is None:
        positions = max(config.source_tokens, config.target_tokens)
        return make_model(config.family, config.width, vocabulary_size, positions, config.dropout, work.seed)
    loader: Any = AutoModelForSeq2SeqLM
    try:
        with quiet_transformers():
            return loader.from_pretrained(base.path, dtype=torch.float32, local_files_only=True)
    except ValueError:
        raise other_kind(base) from None


def other_kind(base: Checkpoint) -> UserError:
    """What is said of a base that is no encoder-decoder model."""
    return UserError(
        "{path} is no encoder-decoder model",
        "Name a Marian, T5, BART or mBART checkpoint, or leave --base out and start from nothing.",
        path=base.path,
    )


def token_pairs(tokenizer: Any, rows: Sequence[Row], config: Seq2seqConfig) -> "list[TokenPair]":
    """Token ids of sources, cut, and of targets, whole; both with the tokenizer's end token."""
    from danlu.loop.seq2seq_batch import TokenPair

    sources = tokenizer(
        [config.prefix + row["source"] for row in rows], truncation=True, max_length=config.source_tokens
    )["input_ids"]
    targets = tokenizer(text_target=[row["target"] for row in rows])["input_ids"]
    return [TokenPair(*pair) for pair in zip(sources, targets, strict=True)]


def _feed(config: Seq2seqConfig, seed: int, rows: "Sequence[TokenPair]", pad_id: int) -> "PlannedFeed[Seq2seqBatch]":
    from danlu.loop.seq2seq_batch import Seq2seqBatch

    lengths = [len(row.source) + len(row.target) for row in rows]
    steps = plan(config, seed, lengths, config.epochs)
    if not steps:
        raise UserError(
            "No target has {tokens} tokens or fewer",
            "Raise seq2seq.target_tokens, or give shorter targets.",
            tokens=config.target_tokens,
        )

    def make(numbers: Sequence[int], step: int) -> Seq2seqBatch:
        return Seq2seqBatch.of([rows[at] for at in numbers], pad_id)

    return PlannedFeed(steps, make, lengths.__getitem__)


def plan(config: Seq2seqConfig, seed: int, lengths: Sequence[int], epochs: int) -> list[tuple[MicroBatch, ...]]:
    """The batches of each step, as numbers of pairs; `lengths` are of source and target together."""
    steps = plan_steps(lengths, seed, Limits(config.step_tokens, _ENDLESS, epochs))
    return [micro_batches(step.rows, lengths, config.micro_batch_tokens) for step in steps]


def _baseline(config: Seq2seqConfig, rows: Sequence[Row]) -> list[str]:
    """What one has without a model: the source, or as much of its beginning as references are long on the mean."""
    if config.task == "translate":
        return [row["source"] for row in rows]
    mean = round(sum(len(row["target"]) for row in rows) / len(rows))
    return [row["source"][:mean] for row in rows]


def _figures(config: Seq2seqConfig, made: Sequence[str], rows: Sequence[Row]) -> dict[str, float]:
    references = [row["target"] for row in rows]
    if config.task == "translate":
        return {"bleu": bleu(made, references), "chrf": chrf(made, references)}
    return rouge(made, references)


def _note(config: Seq2seqConfig, figures: dict[str, dict[str, float]]) -> str:
    after, baseline = figures["after"], figures["baseline"]
    if config.task == "translate":
        return f"held-out BLEU {after['bleu']:.1f}, chrF {after['chrf']:.1f}; the source itself: chrF {baseline['chrf']:.1f}"
    return f"held-out ROUGE-L {after['rougeL']:.1f}; the source's first words: {baseline['rougeL']:.1f}"


def _write(
    work: Work, figures: dict[str, Any], counts: dict[str, int], losses: Any, rows: Sequence[Row], made: Sequence[str]
) -> None:
    report = {"held_out": figures, "counts": counts, "loss_by_step": losses}
    (work.folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    generated = [{**row, "generated": text} for row, text in zip(rows, made, strict=True)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in generated)
    (work.folder / "generated.jsonl").write_text(lines, encoding="utf-8")


seq2seq = Stage(
    "seq2seq",
    version=2,
    makes=Checkpoint,
    body=_seq2seq,
    config=Seq2seqConfig,
    libraries=("safetensors", "tokenizers", "torch", "transformers"),
    numeric=True,
    resumable=True,
    trains=True,
)
