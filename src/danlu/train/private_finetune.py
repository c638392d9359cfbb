"""Fine-tuning an adapter so that what it gives away of any one conversation is bounded: see danlu.loop.private.

Left out of what is written are the tokens that were learnt from, losses, and what each step drew; the check of the merge runs on a
text of ours. The promise covers the weights. The manifest around them names the data by a hash, as every artifact's does.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.core.errors import Phrase, UserError
from danlu.core.hashing import hash_facts
from danlu.core.processes import ALONE
from danlu.core.progress import Progress
from danlu.core.stages import Config, Work
from danlu.loop.methods import METHODS
from danlu.model.chat import ChatFormat
from danlu.model.checkpoint_files import model_hash
from danlu.model.stops import declare_stop
from danlu.model.tokenizer_fit import check_tokenizer_fits
from danlu.train.conversation_rows import ConversationRows, read_rows
from danlu.train.finetune import FinetuneConfig
from danlu.train.private import PrivacyConfig, PrivacyPlan, plan_privacy, spent

if TYPE_CHECKING:
    from danlu.loop.adapters import MergeCheck

_CHECKPOINT_EVERY_STEPS = 10
"""No identity: it decides what a kill costs, and what is gone back to after several steps in a row that are not finite."""
_NEVER = 2**62
_PUBLIC = ({"role": "user", "content": "What is this?"}, {"role": "assistant", "content": "A question."})
"""What the merge is checked with."""
_OF_NO_USE = ("max_train_tokens", "max_epochs", "step_tokens", "bottleneck", "virtual_tokens")
"""Settings of fine-tuning that say how much is learnt, or belong to other methods."""


class PrivateFinetuneConfig(Config):
    """A fine-tuning with LoRA, and the privacy that it keeps."""

    finetune: FinetuneConfig = FinetuneConfig()
    """How it learns. How much it learns is up to `privacy.steps` and `privacy.expected_rows`."""
    privacy: PrivacyConfig = PrivacyConfig()
    """What may be given away."""

    def check(self) -> None:
        """Raises UserError for settings that a private training cannot keep to."""
        usual = FinetuneConfig()
        if self.finetune.method != "lora":
            raise UserError(
                "method {method} cannot be trained privately",
                "Take lora: gradients of single conversations are known of linear layers alone.",
                method=self.finetune.method,
            )
        if self.finetune.long_conversations == "split":
            raise UserError(
                "finetune.long_conversations=split makes several rows of one conversation, and privacy is counted by rows",
                "Leave long conversations out, or raise finetune.sequence_tokens.",
            )
        for name in _OF_NO_USE:
            if getattr(self.finetune, name) != getattr(usual, name):
                raise UserError(
                    "finetune.{name} means nothing in private training",
                    "privacy.steps and privacy.expected_rows say how much is learnt.",
                    name=name,
                )


@dataclass(frozen=True)
class PrivateFacts:
    """What may be told. `conversations` = drawn_from + too_long."""

    conversations: int
    drawn_from: int
    """Each of them is in a step with the same chance; which were is secret."""
    too_long: int
    """Left out: more than `sequence_tokens`."""
    trained_parameters: int
    privacy: dict[str, Any]
    """What was spent: epsilon, delta, and what they follow from."""
    merge: "MergeCheck"
    """Whether the saved checkpoint is the model that was trained."""


def finetune_privately(base_dir: Path, chats_jsonl: Path, config: PrivateFinetuneConfig, work: Work) -> PrivateFacts:
    """Fine-tune the checkpoint `base_dir` into `work.folder`: a checkpoint, `adapter/`, `training.json`.

    Killed at any moment and called again with the same `work.scratch`, which holds the secret, it ends with the same bytes. Raises
    UserError for a promise that would be none, WorkFailed when what was saved is not what was trained.
    """
    config.check()
    if work.processes != ALONE:
        raise UserError("Private training is done by one process", "Leave out --processes.")
    check_tokenizer_fits(base_dir)
    chat, settings = ChatFormat.load(base_dir), config.finetune
    data = read_rows(chats_jsonl, chat, settings.sequence_tokens, settings.long_conversations)
    plan = plan_privacy(config.privacy, len(data.rows))
    learner = _learner(base_dir, data, config, plan, work)
    _train(learner, base_dir, data, config, plan, work)
    parameters = sum(weight.numel() for weight in learner.parameters() if weight.requires_grad)
    facts = PrivateFacts(
        conversations=data.conversations,
        drawn_from=len(data.rows),
        too_long=data.conversations - len(data.rows),
        trained_parameters=parameters,
        privacy=spent(plan, plan.steps),
        merge=_save(learner.plain().model, base_dir, chat, config, work),
    )
    declare_stop(work.folder, chat.stop_id)
    record = json.dumps(asdict(facts), indent=2, sort_keys=True)
    (work.folder / "training.json").write_text(record + "\n", encoding="utf-8")
    return facts


def _learner(
    base_dir: Path, data: ConversationRows, config: PrivateFinetuneConfig, plan: PrivacyPlan, work: Work
) -> Any:
    from danlu.loop.causal import CausalLearner
    from danlu.loop.private import PrivateLearner
    from danlu.loop.tuning import load_for_tuning

    model = load_for_tuning(base_dir, config.finetune.tuning(), data.rows[0].ids, seed=work.seed, threads=work.threads)
    return PrivateLearner(CausalLearner(model), clip_norm=plan.clip_norm, noise_multiplier=plan.noise_multiplier)


def _train(
    learner: Any, base_dir: Path, data: ConversationRows, config: PrivateFinetuneConfig, plan: PrivacyPlan, work: Work
) -> None:
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train
    from danlu.loop.optimizers import Optimization
    from danlu.loop.private import PoissonFeed, chance_seed, read_secret

    settings, secret = config.finetune, read_secret(work.scratch)
    feed = PoissonFeed(data.rows, plan.expected_rows, plan.steps, settings.micro_batch_tokens, secret)
    how = Optimization(
        learning_rate=settings.learning_rate or METHODS["lora"].learning_rate,
        warmup_fraction=settings.warmup_fraction,
        weight_decay=settings.weight_decay,
        max_gradient_norm=settings.max_gradient_norm,
        recompute_above_tokens=_NEVER,
    )
    key = hash_facts([model_hash(base_dir), data.rows, config.model_dump(), work.seed])
    checkpoints = Checkpoints(work.scratch, _CHECKPOINT_EVERY_STEPS, key)
    trained = train(learner, feed, how, checkpoints, _Untold(work.progress), seed=chance_seed(secret))
    assert not trained.left_out, "a private step that was left out would tell of its rows"


@dataclass(frozen=True)
class _Untold:
    """Says how far a training is, and nothing of its losses: a private learner's are all zero."""

    progress: Progress

    def advance(self, done: int, total: int, note: str = "") -> None:
        """Pass on all but the note."""
        self.progress.advance(done, total)

    def line(self, text: str | Phrase) -> None:
        """Pass on."""
        self.progress.line(text)


def _save(model: Any, base_dir: Path, chat: ChatFormat, config: PrivateFinetuneConfig, work: Work) -> "MergeCheck":
    from danlu.loop.saving import save_tuned

    return save_tuned(
        model,
        config.finetune.tuning(),
        base_dir,
        work.folder,
        chat.training_ids(_PUBLIC).ids,
        relative_tolerance=config.finetune.merge_relative_tolerance,
        threads=work.threads,
    )
