"""Align: a checkpoint that follows preferences, from a base model and a user's preferences."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.core.artifacts import Checkpoint, Preferences
from danlu.core.errors import Phrase, UserError
from danlu.core.stages import Facts, Stage, Work
from danlu.model.adapter_record import refuse_unmerged
from danlu.model.base_model import BaseFiles
from danlu.model.chat import ChatFormat
from danlu.model.loading import read_model_facts
from danlu.text.records import Reject
from danlu.train.align.config import AlignConfig
from danlu.train.align.order import order_rows
from danlu.train.align.preferences import write_rejects
from danlu.train.align.quiet import quiet_libraries
from danlu.train.align.rewards import Rewards, Score
from danlu.train.align.rows import read_facts
from danlu.train.align.tokens import Encoded, encode_rows, write_tokens

if TYPE_CHECKING:
    from danlu.train.align.trainers import Training
    from danlu.train.outlook import Outlook

CHECKPOINT_EVERY_STEPS = 10
"""As in fine-tuning. No identity: it changes nothing."""
_PROBE_TOKENS = 128


@dataclass(frozen=True)
class Sides:
    """Rows that train, rows that measure, and what did not fit."""

    train: list[Encoded]
    held_out: list[Encoded]
    rejects: list[Reject]

    @property
    def input(self) -> int:
        """All rows that came in."""
        return len(self.train) + len(self.held_out) + len(self.rejects)


def _align(
    work: Work,
    config: AlignConfig,
    *,
    preferences: Preferences,
    base: Checkpoint,
    rewards: Rewards | None = None,
    reward_model: BaseFiles | None = None,
) -> Facts:
    licences = tuple(sorted({*base.manifest.licences, *preferences.manifest.licences}))
    chat, sides = _read(preferences, base, config)
    facts = align_rows(
        work, config, base.path, chat, sides, _score(rewards, reward_model, sides), CHECKPOINT_EVERY_STEPS
    )
    counts = write_rejects(work.folder, sides.input, sides.rejects)
    if facts.get("groups") and facts["groups"] == facts["groups_of_equal_rewards"]:
        work.progress.line(
            Phrase(
                "warning: nothing was learnt: the replies to each prompt had equal rewards in all {groups} groups. Take "
                "another --reward, a higher align.temperature, or more align.replies_per_prompt",
                groups=facts["groups"],
            )
        )
    counts |= {
        "held out": len(sides.held_out), "learnt": facts["learnt"], "not reached": len(sides.train) - facts["learnt"],
        "steps": facts["steps"],
    }  # fmt: skip
    return Facts(counts, licences, note=_note(facts))


def outlook(
    work: Work,
    config: AlignConfig,
    *,
    preferences: Preferences,
    base: Checkpoint,
    rewards: Rewards | None = None,
    reward_model: BaseFiles | None = None,
) -> "Outlook":
    """What is known before the stage's body begins, which is given the same."""
    from danlu.train.align.outlook import align_outlook

    _, sides = _read(preferences, base, config)
    if rewards is not None:
        rewards.check_rows([row.row for row in (*sides.train, *sides.held_out)])
    judge = reward_model.files[0].parent if reward_model else None
    return align_outlook(base, preferences, sides, config, work.seed, judge)


def _read(preferences: Preferences, base: Checkpoint, config: AlignConfig) -> tuple[ChatFormat, Sides]:
    """The base's template, and the rows in it. Raises UserError for settings, a base or rows that cannot be aligned."""
    config.check()
    refuse_unmerged(base.path)
    chat = ChatFormat.load(base.path)
    return chat, encode_sides(chat, preferences, config, read_model_facts(base.path).context_tokens)


def encode_sides(chat: ChatFormat, preferences: Preferences, config: AlignConfig, context_tokens: int) -> Sides:
    """Every row as ids, before anything is trained; what the model's context does not hold is too long in any case.

    Raises UserError when nothing is left to learn from.
    """
    sampled = config.reply_tokens if config.method == "grpo" else 0
    longest = min(config.sequence_tokens, context_tokens - sampled)
    train, held_out = (
        encode_rows(chat, read_facts(path), name, longest)
        for name, path in (("train", preferences.train), ("held out", preferences.held_out))
    )
    rows = train.rows
    if not is_enough(rows, config):
        raise UserError(
            "{kept} of {rows} rows to learn from have no more than {tokens} tokens, too few for {method}",
            "Raise align.sequence_tokens as far as the model's context goes, or shorten the rows.",
            kept=len(rows),
            rows=len(rows) + len(train.rejects),
            tokens=longest,
            method=config.method,
        )
    return Sides(rows, held_out.rows, train.rejects + held_out.rejects)


def is_enough(rows: Sequence[Encoded], config: AlignConfig) -> bool:
    """Whether something can be learnt from rows: KTO needs both labels."""
    return len({row.row.label for row in rows}) >= (2 if config.method == "kto" else 1)


def align_rows(
    work: Work,
    config: AlignConfig,
    base_dir: Path,
    chat: ChatFormat,
    sides: Sides,
    score: Score | None,
    checkpoint_every_steps: int,
) -> dict[str, Any]:
    """Train `base_dir` into `work.folder`: an ordinary checkpoint, `adapter/`, `tokens.parquet`, `training.json`.

    Killed at any moment and called again with the same scratch folder, it ends with the same bytes. Returns what
    training.json holds. Raises WorkFailed when the loss diverges, a reward fails or the merge changes the model.
    """
    with quiet_libraries():
        from danlu.train.align.saving import save
        from danlu.train.align.trainers import Training, load_policy
        from danlu.train.align.training import run

    order = order_rows(len(sides.train), config, work.seed)
    training = Training(
        base_dir, chat, config, sides.train, order, work.seed, work.threads, work.scratch / "trainer",
        checkpoint_every_steps,
    )  # fmt: skip
    model = load_policy(training)
    before = _measured(training, model, sides.held_out, score)
    trained = run(training, model, score, work.progress, work.observers)
    after = _measured(training, trained.model, sides.held_out, score)
    first = sides.train[order.indices[0]]
    probe = [*first.prompt_ids, *next(iter(first.reply_ids.values()), [])][:_PROBE_TOKENS]
    check = save(trained.model, base_dir, work.folder, config, probe, work.threads)
    write_tokens(
        work.folder / "tokens.parquet",
        [sides.train[index] for index in sorted(set(order.indices))],
        learnt=config.method in ("dpo", "kto"),
    )
    facts = {
        "method": config.method, "learning_rate": config.rate, "steps": order.steps, "by_step": trained.by_step,
        "train": len(sides.train), "held_out": _held_out(before, after, sides.held_out, config), "merge": check,
        "learnt": len(set(order.indices)),
    }  # fmt: skip
    if config.method == "grpo":
        facts |= _spread(trained.by_step["equal_rewards"], config)
    (work.folder / "training.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return facts


def _measured(training: "Training", model: Any, rows: Sequence[Encoded], score: Score | None) -> Any:
    """The mean reward of GRPO, or what every reply is worth."""
    from danlu.train.align.measure import mean_reward, worths
    from danlu.train.align.tokenizer import pad_id

    config = training.config
    if config.method != "grpo":
        return worths(model, rows, config)
    if not rows or score is None:
        return None
    pad = pad_id(training.base_dir, training.chat)
    return mean_reward(model, rows, training.chat, config, score, pad, training.seed)


def _held_out(before: Any, after: Any, rows: Sequence[Encoded], config: AlignConfig) -> dict[str, float]:
    from danlu.train.align.measure import compare

    if config.method != "grpo":
        return compare(before, after, rows, config)
    return {"rows": len(rows), "reward_before": before, "reward_after": after} if rows else {}


def _score(rewards: Rewards | None, reward_model: BaseFiles | None, sides: Sides) -> Score | None:
    """The sum of the functions and the model that score replies, as far as they are given."""
    scores: list[Score] = []
    if rewards is not None:
        rewards.check_rows([row.row for row in (*sides.train, *sides.held_out)])
        scores.append(rewards.load())
    if reward_model is not None:
        from danlu.train.align.reward_model import RewardModel

        scores.append(RewardModel.load(reward_model.files[0].parent))
    if not scores:
        return None
    return lambda messages, reply, row: sum(score(messages, reply, row) for score in scores)


def _spread(equal_by_step: Sequence[float | None], config: AlignConfig) -> dict[str, Any]:
    """How many groups of replies to a prompt there were, and how many of them had equal rewards.

    GRPO learns from what a reply earned above its group's mean (arXiv 2402.03300, section 4.1.2): such a group teaches nothing.
    """
    groups = len(equal_by_step) * config.rows_per_step
    equal = round(sum(share or 0.0 for share in equal_by_step) * config.rows_per_step)
    return {"groups": groups, "groups_of_equal_rewards": equal, "equal_rewards_share": equal / groups}


def _note(facts: dict[str, Any]) -> str:
    """One line: what was gained, and for GRPO how much of the sampling taught nothing."""
    gain, wasted = _gain(facts), _wasted(facts)
    return f"{gain}; {wasted}" if wasted else gain


def _wasted(facts: dict[str, Any]) -> str:
    """How many groups of replies taught nothing; empty where each taught something."""
    equal = facts.get("groups_of_equal_rewards", 0)
    if not equal:
        return ""
    if equal == facts["groups"]:
        return f"nothing was learnt: in all {equal} groups of replies the rewards were equal"
    return f"equal rewards in {equal} of {facts['groups']} groups of replies, which taught nothing"


def _gain(facts: dict[str, Any]) -> str:
    """What was gained on rows that were not trained on, and how many they are; or the loss where there are none."""
    held_out, losses = facts["held_out"], facts["by_step"]["loss"]
    if "reward_after" in held_out:
        before, after = f"{held_out['reward_before']:.3f}", f"{held_out['reward_after']:.3f}"
        return f"mean reward {before} before, {after} after, on {held_out['rows']} held-out prompts"
    if "accuracy" in held_out:
        wins, margin = f"{held_out['accuracy']:.1%}", f"{held_out['margin']:.3f}"
        return f"the better reply wins {wins}, mean margin {margin}, on {held_out['rows']} held-out rows"
    return f"loss {losses[0]:.3f} to {losses[-1]:.3f}, nothing held out that could be compared"


align = Stage(
    "align",
    version=2,
    makes=Checkpoint,
    body=_align,
    config=AlignConfig,
    numeric=True,
    resumable=True,
    trains=True,
    libraries=(
        "accelerate",
        "datasets",
        "peft",
        "pyarrow",
        "safetensors",
        "tokenizers",
        "torch",
        "transformers",
        "trl",
    ),
)
