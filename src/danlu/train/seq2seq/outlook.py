"""The training of a model that translates or summarises before its first step."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from danlu.core.artifacts import Checkpoint, Examples
from danlu.core.errors import Phrase
from danlu.core.stages import Work
from danlu.loop.predict import Schedule
from danlu.loop.probe import Subject, scan
from danlu.loop.seq2seq_learner import Seq2seqLearner
from danlu.model.checkpoint_files import save_checkpoint
from danlu.train.examples import left_out
from danlu.train.learning import CHECKPOINT_EVERY_STEPS, optimization
from danlu.train.learning_outlook import AtOnce, Dials, asked_of, config_of
from danlu.train.outlook import Example, Outlook
from danlu.train.seq2seq.fresh import make_model
from danlu.train.seq2seq.generate import generate
from danlu.train.seq2seq.stage import (
    Material,
    Seq2seqConfig,
    generation_of,
    make,
    other_kind,
    plan,
    prepare,
    rate_of,
    write_own_vocabulary,
)

Files = Mapping[str, bytes]
"""Of a vocabulary that was learnt, by name; none with a base."""
_TRIED_TEXTS = 8


def seq2seq_outlook(pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig, work: Work) -> Outlook:
    """What is known before a weight is there. Raises UserError for pairs that cannot be learnt from, and for a base of another kind."""
    if base and not config_of(base.path).get("is_encoder_decoder"):
        raise other_kind(base)
    bare, vocabulary = replace(work, observers=()), _vocabulary(pairs, base, config)
    got = _prepared(pairs, base, config, work.seed, vocabulary)
    sizes = [(len(row.source), len(row.target)) for row in got.fitting]
    source, target = map(max, zip(*sizes, strict=True))
    lengths = {"source_tokens": source, "target_tokens": target}
    times = 2 if base else 1  # before and after, or after alone
    return Outlook(
        rows=_rows(pairs, got),
        of_what="rows",
        examples=[_example(got)],
        asked=asked_of(
            config_of(base.path) if base else _fresh_config(config, len(got.tokenizer)),
            Dials("seq2seq", config, "micro_batch_tokens", 32, lengths, partial(_at_once, sizes, work.seed)),
        ),
        workload=scan(got.feed),
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=times * min(config.measured, len(got.held_out))),
        subject=partial(subject, pairs, base, config, bare, vocabulary),
        outline=partial(_prepared, pairs, base, config, work.seed, vocabulary),
    )


def _at_once(sizes: Sequence[tuple[int, int]], seed: int, config: Seq2seqConfig) -> AtOnce | None:
    """Of an epoch's batches the largest; pairs whose target is too long are left out, and longer sources cut."""
    left = [(min(source, config.source_tokens), target) for source, target in sizes if target <= config.target_tokens]
    if not left:
        return None
    steps = [
        [[left[at] for at in batch] for batch in step] for step in plan(config, seed, list(map(sum, left)), epochs=1)
    ]
    # Rows, and the longest source and target among them.
    batches = [(len(rows), *map(max, zip(*rows, strict=True))) for step in steps for rows in step]
    return AtOnce(
        tokens=max(rows * (source + target) for rows, source, target in batches),
        longest=max(max(sides) for _, *sides in batches),
        accumulates=any(len(step) > 1 for step in steps),
        said=max(rows * target for rows, _, target in batches),
    )


def subject(pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig, work: Work, vocabulary: Files) -> Subject:
    """The training for a trial, with a few texts generated. One that begins from nothing does not know yet when to end a text, so
    that they are as long as they may be, and what they cost is the most that it can be.
    """
    place = tempfile.TemporaryDirectory()
    got = prepare(pairs, config, work.seed, _origin(base, vocabulary, Path(place.name)))
    model = make(config, base, len(got.tokenizer), work)

    def score() -> int:
        return len(generate(model, got.tokenizer, got.held_out[:_TRIED_TEXTS], generation_of(config)))

    def finish(folder: Path) -> None:
        save_checkpoint(model, got.origin, folder)
        place.cleanup()

    learner = Seq2seqLearner(model, config.label_smoothing)
    return Subject(learner, got.feed, optimization(config, rate_of(config, base)), score, finish)


def _vocabulary(pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig) -> Files:
    """Learnt once for the look and for the trial. Nothing stays on disk before the training begins, which learns it again."""
    if base:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in write_own_vocabulary(pairs, config, Path(folder)).iterdir()}


def _origin(base: Checkpoint | None, vocabulary: Files, folder: Path) -> Path:
    """Where the tokenizer lies: the base, or `folder`."""
    for name, content in vocabulary.items():
        (folder / name).write_bytes(content)
    return base.path if base else folder


def _prepared(
    pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig, seed: int, vocabulary: Files
) -> Material:
    with tempfile.TemporaryDirectory() as folder:
        return prepare(pairs, config, seed, _origin(base, vocabulary, Path(folder)))


def _fresh_config(config: Seq2seqConfig, vocabulary_size: int) -> dict[str, Any]:
    """Shapes alone: torch's meta device holds no numbers."""
    with torch.device("meta"):
        positions = max(config.source_tokens, config.target_tokens)
        model = make_model(config.family, config.width, vocabulary_size, positions, config.dropout, seed=0)
    shapes: dict[str, Any] = model.config.to_dict()
    return shapes


def _rows(pairs: Examples, got: Material) -> list[tuple[str, int]]:
    too_long = len(got.train) - len(got.fitting)
    rows = [("kept", len(got.fitting)), ("held out", len(got.held_out)), *left_out(pairs.manifest.counts)]
    return [*rows, *([("targets too long", too_long)] if too_long else [])]


@dataclass(frozen=True)
class _Decoder:
    """A tokenizer of Transformers, which need not be one of `tokenizers`: Marian's are not."""

    tokenizer: Any

    def decode(self, ids: Sequence[int], skip_special_tokens: bool) -> str:
        """The text of tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens))

    def get_added_tokens_decoder(self) -> Any:
        """Tokens that stand for themselves, by number."""
        return self.tokenizer.added_tokens_decoder


def _example(got: Material) -> Example:
    """The first pair of the first step, source and target."""
    pair = got.fitting[got.feed.plan[0][0][0]]
    source, target = list(pair.source), list(pair.target)
    mask = [False] * len(source) + [True] * len(target)
    return Example(_Decoder(got.tokenizer), source + target, mask, Phrase("the first example, source and target"))
