"""An alignment before its first step: by formula alone, since TRL's trainers take the steps and none of them is tried before.

Memory: TRL 1.16 gives the odds of tokens a tile at a time (trl.kernels.chunked_logprob). All weights learn beside a copy of the
base that does not (DPO, KTO, and GRPO with a beta); with LoRA the copy is the model without its adapter. GRPO samples all
replies of a step together, and holds the keys and values of all their tokens.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from danlu.core.artifacts import Checkpoint, Preferences
from danlu.core.errors import Phrase
from danlu.loop.footprint import Shape, Training, known_shape
from danlu.loop.predict import Schedule
from danlu.loop.probe import Workload
from danlu.model.template import read_json
from danlu.train.align.config import CHECKPOINTS_KEPT, AlignConfig
from danlu.train.align.order import Order, order_rows
from danlu.train.align.stage import CHECKPOINT_EVERY_STEPS, Sides, is_enough
from danlu.train.align.tokens import Encoded, bounded_tokens
from danlu.train.examples import left_out
from danlu.train.outlook import Example, Outlook, read_tokenizer
from danlu.train.preflight import Asked, Other, halves, shorter

_TILE_TOKENS, _TILE_VOCABULARY = 4096, 32_768
_TILE_BYTES = {"cpu": 36, "cuda": 8}
"""For each of a tile's odds on the way back: nine tensors of float32 in torch's operations, two in Triton's kernel."""
_TRL_BYTES = 100 * 2**20
"""Of TRL, Accelerate and Datasets, beside what every training loads; measured with TRL 1.16."""
_SAID = {
    "chosen": Phrase("the first example, a good reply, which becomes likelier"),
    "rejected": Phrase("the first example, a bad reply, which becomes less likely"),
}
_SCORED = {
    "chosen": Phrase("the first example, a good reply, which must score higher"),
    "rejected": Phrase("the first example, a bad reply, which must score lower"),
}


def align_outlook(
    base: Checkpoint, preferences: Preferences, sides: Sides, config: AlignConfig, seed: int, reward_model: Path | None
) -> Outlook:
    """What is known before a weight is loaded."""
    order = order_rows(len(sides.train), config, seed)
    batches = list(_batches(sides.train, order, config))
    shape = known_shape(read_json(base.path / "config.json"))
    return Outlook(
        rows=_rows(preferences, sides, order),
        of_what="rows",
        examples=_examples(base.path, config, sides.train[order.indices[0]]),
        asked=_asked(shape, config, sides.train, seed, reward_model) if shape else None,
        workload=Workload(
            steps=order.steps,
            tokens=sum(sum(lengths) for lengths in batches),
            padded_tokens=sum(len(lengths) * max(lengths) for lengths in batches),
            longest=max(len(lengths) * max(lengths) for lengths in batches),
            accumulates=config.sequences_per_step > config.micro_batch_rows,
        ),
        schedule=Schedule(1, CHECKPOINT_EVERY_STEPS, CHECKPOINTS_KEPT),
    )


def _batches(rows: Sequence[Encoded], order: Order, config: AlignConfig) -> Iterator[list[int]]:
    """Tokens of the sequences of each batch. Of GRPO's replies nobody knows yet how long they are: as long as they may be."""
    lengths = [_lengths(rows[index], config) for index in order.indices]
    replies = config.replies_per_prompt if config.method == "grpo" else 1
    together = [of_row for of_row in lengths for _ in range(replies)]
    for start in range(0, len(together), config.micro_batch_rows):
        yield [length for of_row in together[start : start + config.micro_batch_rows] for length in of_row]


def _lengths(row: Encoded, config: AlignConfig) -> list[int]:
    if config.method == "grpo":
        return [len(row.prompt_ids) + config.reply_tokens]
    return [len(row.prompt_ids) + len(reply) for reply in row.reply_ids.values()]


def _asked(shape: Shape, config: AlignConfig, rows: Sequence[Encoded], seed: int, reward_model: Path | None) -> Asked:
    judge = known_shape(read_json(reward_model / "config.json")) if reward_model else None
    judge_bytes = 4 * (judge.matrices + judge.vocabulary * judge.hidden) if judge else 0
    training = partial(_training, shape, seed=seed, judge_bytes=judge_bytes)
    return Asked(shape, training(config, rows), partial(_others, shape, config, rows, training))


def _training(shape: Shape, config: AlignConfig, rows: Sequence[Encoded], *, seed: int, judge_bytes: int) -> Training:
    batches = list(_batches(rows, order_rows(len(rows), config, seed), config))
    longest, together = max(map(max, batches)), max(len(lengths) * max(lengths) for lengths in batches)
    return Training(
        method=config.tuning,
        micro_batch_tokens=together,
        sequence_tokens=longest,
        precision=config.precision,
        rank=config.rank,
        has_dropout=False,
        accumulates=config.sequences_per_step > config.micro_batch_rows,
        device="cuda" if torch.cuda.is_available() else "cpu",
        says_tokens=config.method != "reward",
        logits_bytes=_logits_bytes(shape, together),
        beside_bytes=_TRL_BYTES + _reference_bytes(shape, config) + judge_bytes,
        sampled_tokens=config.sequences_per_step * longest if config.method == "grpo" else 0,
    )


def _logits_bytes(shape: Shape, tokens: int) -> int:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return _TILE_BYTES[device] * min(tokens, _TILE_TOKENS) * min(shape.vocabulary, _TILE_VOCABULARY)


def _reference_bytes(shape: Shape, config: AlignConfig) -> int:
    """Of the base that stays as it was."""
    is_held = config.method in ("dpo", "kto") or (config.method == "grpo" and config.strength > 0)
    return 4 * shape.parameters if is_held and config.tuning == "full" else 0


def _others(
    shape: Shape,
    config: AlignConfig,
    rows: Sequence[Encoded],
    training: Callable[[AlignConfig, Sequence[Encoded]], Training],
) -> Iterator[Other]:
    """Fewer rows at once, then LoRA, then shorter rows; what changes nothing is not named."""
    bounds = {"sequence_tokens": max(map(bounded_tokens, rows))}
    bounds |= {"reply_tokens": config.reply_tokens} if config.method == "grpo" else {}
    tunings: dict[str, object] = {"tuning": "lora"}
    known = training(config, rows)
    for lengths in shorter(bounds):
        left = [row for row in rows if bounded_tokens(row) <= lengths.get("sequence_tokens", config.sequence_tokens)]
        if not is_enough(left, config):
            continue
        for tuning in ({}, tunings) if config.tuning == "full" else ({},):
            for count in halves(config.micro_batch_rows, 2 if config.method == "kto" else 1):
                fewer = {"micro_batch_rows": count} if count < config.micro_batch_rows else {}
                changed = lengths | tuning | fewer
                if config.sequences_per_step % count:
                    continue
                other = training(config.model_copy(update=changed), left)
                if other != known:
                    known = other
                    yield Other({f"align.{name}": value for name, value in changed.items()}, shape, other)


def _rows(preferences: Preferences, sides: Sides, order: Order) -> list[tuple[str, int]]:
    """Of all lines of the file: those that are learnt, those that measure, and why the others are left out."""
    learnt = len(set(order.indices))
    reasons = Counter(dict(left_out(preferences.manifest.counts)))
    reasons.update(reject.rule for reject in sides.rejects)
    reasons["not reached"] = len(sides.train) - learnt
    rows = [("kept", learnt), ("held out", len(sides.held_out))]
    return rows + [(reason, count) for reason, count in reasons.items() if count]


def _examples(base: Path, config: AlignConfig, row: Encoded) -> list[Example]:
    """The first row of the first step: each reply after its prompt, or the prompt alone."""
    tokenizer, prompt = read_tokenizer(base), row.prompt_ids
    if config.method == "grpo":
        what = Phrase("the first prompt; {count} replies to it are sampled and scored", count=config.replies_per_prompt)
        return [Example(tokenizer, prompt, [False] * len(prompt), what)]
    is_said = config.method != "reward"  # a reward model learns a number, read at the reply's last token
    whats = _SAID if is_said else _SCORED
    return [
        Example(
            tokenizer,
            row.whole(name),
            [False] * len(prompt) + [is_said] * len(reply),
            whats["rejected" if name == "rejected" or row.row.label is False else "chosen"],
        )
        for name, reply in row.reply_ids.items()
    ]
