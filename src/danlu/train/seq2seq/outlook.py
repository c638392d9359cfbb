"""The training of a model that translates or summarises before its first step."""

import tempfile
from collections.abc import Sequence
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
from danlu.train.learning_outlook import Together, asked_of, config_of
from danlu.train.outlook import Example, Outlook
from danlu.train.seq2seq.fresh import make_model
from danlu.train.seq2seq.generate import generate
from danlu.train.seq2seq.stage import Material, Seq2seqConfig, generation_of, make, prepare, rate_of

_TRIED_TEXTS = 8


def seq2seq_outlook(pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig, work: Work) -> Outlook:
    """What is known before a weight is there. Raises UserError for pairs that cannot be learnt from."""
    bare, got = replace(work, observers=()), _prepared(pairs, base, config, work.seed)
    workload = scan(got.feed)
    said, read = (
        sum(map(len, texts)) for texts in zip(*((row.target, row.source) for row in got.fitting), strict=True)
    )
    longest = max(max(len(row.source), len(row.target)) for row in got.fitting)
    times = 2 if base else 1  # before and after, or after alone
    return Outlook(
        rows=_rows(pairs, got),
        of_what="rows",
        examples=[_example(got)],
        asked=asked_of(
            config_of(base.path) if base else _fresh_config(config, len(got.tokenizer)),
            workload,
            longest,
            Together("seq2seq.micro_batch_tokens", "seq2seq.source_tokens"),
            targets=round(workload.longest * said / (said + read)),
        ),
        workload=workload,
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, scored_tokens=times * min(config.measured, len(got.held_out))),
        subject=partial(subject, pairs, base, config, bare),
        outline=partial(_prepared, pairs, base, config, work.seed),
    )


def subject(pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig, work: Work) -> Subject:
    """The training for a trial, with a few texts generated. One that begins from nothing does not know yet when to end a text, so
    that they are as long as they may be, and what they cost is the most that it can be.
    """
    place = tempfile.TemporaryDirectory()
    got = prepare(pairs, base, config, work.seed, Path(place.name))
    model = make(config, base, len(got.tokenizer), work)

    def score() -> int:
        return len(generate(model, got.tokenizer, got.held_out[:_TRIED_TEXTS], generation_of(config)))

    def finish(folder: Path) -> None:
        save_checkpoint(model, got.origin, folder)
        place.cleanup()

    learner = Seq2seqLearner(model, config.label_smoothing)
    return Subject(learner, got.feed, optimization(config, rate_of(config, base)), score, finish)


def _prepared(pairs: Examples, base: Checkpoint | None, config: Seq2seqConfig, seed: int) -> Material:
    """With a vocabulary that is forgotten again: nothing is written before the training begins."""
    with tempfile.TemporaryDirectory() as folder:
        return prepare(pairs, base, config, seed, Path(folder))


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
