"""Fine-tuning on conversations: all weights, or an adapter, by the methods of `danlu.loop.methods`.

Defaults follow "LoRA Without Regret" (Schulman et al. 2025): all linear layers, ten times the rate of full tuning.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.processes import ALONE
from danlu.core.stages import Config, Work
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.methods import METHODS, MethodName, Tuning
from danlu.model.chat import ChatFormat
from danlu.model.checkpoint_files import model_hash, weights_hash
from danlu.model.loading import pays_bfloat16
from danlu.model.stops import declare_stop
from danlu.model.tokenizer_fit import check_tokenizer_fits
from danlu.train.conversation_rows import ConversationRows, LongPolicy, read_rows
from danlu.train.finetune_record import FinetuneFacts, facts_of, write_record, write_tokens

if TYPE_CHECKING:
    from danlu.loop.adapters import MergeCheck
    from danlu.loop.loop import Trained
    from danlu.loop.optimizers import Optimization
    from danlu.loop.probe import Subject

_PROBE_TOKENS = 128
_CHECKPOINT_EVERY_STEPS = 10
"""A checkpoint of SmolLM2-135M's adapter (59 MB) takes 0.2 s, ten steps about 30 s. No identity: it decides only what a training goes back to after several steps in a row that are not finite."""
_FULL_CHECKPOINT_EVERY_STEPS = 50
"""Weights and moments of SmolLM2-135M take 1.6 GB where an adapter's take 59 MB."""
_NEVER = 2**62
_SHARED = ("full", "lora")
"""Methods whose weights processes can share: 4-bit weights and vectors before the input cannot be parted by torch's pieces."""


class FinetuneConfig(Config):
    """What shapes a fine-tuned checkpoint. Limits are in tokens, never in seconds, so that equal inputs train equally."""

    method: MethodName = "lora"
    """What is trained: all weights, or one of the adapters."""
    min_conversations: Annotated[int, Field(ge=1)] = 16
    """With fewer the recipe skips training: so few are learnt by heart, and nothing else from them."""
    max_train_tokens: Annotated[int, Field(ge=1)] = 6_000
    """Tokens that go through the model, prompts included, padding not: a minute on two cores for SmolLM2-135M."""
    max_epochs: Annotated[int, Field(ge=1, le=100)] = 2
    """Passes over the conversations at most; a third pass over few conversations learns them by heart."""
    sequence_tokens: Annotated[int, Field(ge=16, le=1_048_576)] = 512
    """The longest conversation: a cut reply would lose its stop token."""
    long_conversations: LongPolicy = "leave_out"
    """Longer ones are left out and counted, parted between exchanges (split), or refused."""
    step_tokens: Annotated[int, Field(ge=16)] = 256
    """Tokens per optimizer step: few, since a short training needs steps more than smooth gradients."""
    micro_batch_tokens: Annotated[int, Field(ge=16)] = 256
    """Padded tokens that go through the model at once: 4 MB of activations each for SmolLM2-135M."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak of the schedule; none takes the method's own: full 2e-5, lora and qlora 2e-4, see the documentation."""
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps over which the rate rises: AdamW's second moments are noise at first."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Per unit of rate. The low rank and the short training hold the weights back already."""
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longer gradients are scaled down to this."""
    rank: Annotated[int, Field(ge=1, le=1024)] = 16
    """Of the update of each weight matrix (lora, qlora)."""
    alpha: Annotated[int, Field(ge=1)] = 32
    """The update is scaled by alpha / rank (lora, qlora)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the adapter's inputs that a step does not see (lora, qlora)."""
    bottleneck: Annotated[int, Field(ge=1, le=4096)] = 64
    """Width of the nets that houlsby adds: Houlsby et al. 2019 found 64 the best on average of 8 to 256."""
    virtual_tokens: Annotated[int, Field(ge=1, le=1024)] = 20
    """Learnt vectors before the input (prefix, prompt, p_tuning): Lester et al. 2021 gained little beyond 20."""
    merge_relative_tolerance: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """Largest accepted difference of logits after merging, relative to the largest logit; float32 leaves 3e-6."""

    def tuning(self) -> Tuning:
        """What is trained."""
        return Tuning(self.method, self.rank, self.alpha, self.dropout, self.bottleneck, self.virtual_tokens)


def finetune_model(
    base_dir: Path,
    chats_jsonl: Path,
    config: FinetuneConfig,
    work: Work,
    adapter_dir: Path | None = None,
) -> FinetuneFacts:
    """Fine-tune the checkpoint `base_dir` into `work.folder`: a checkpoint, `adapter/`, `tokens.parquet`, `training.json`.

    `tokens.parquet` holds the token ids that were learnt from and their labels, so that they can be checked.
    `adapter_dir` is an adapter to go on from. Killed at any moment and called again with the same `work.scratch`, it ends
    with the same bytes. Raises UserError for conversations that cannot be trained on and for an adapter of another base,
    WorkFailed when the loss diverges or what was saved is not what was trained.
    """
    from danlu.loop.launch import in_processes

    data, feed = read_steps(base_dir, chats_jsonl, config, work.seed)
    if work.processes.count > 1:
        _check_shared(config)
        in_processes(_share, base_dir, chats_jsonl, config, adapter_dir, work=work)
    # Where several processes have learnt, this one takes up their last checkpoint, and no step is left to do.
    model = _loaded(base_dir, feed, config, work, adapter_dir)
    parameters = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    key = _training_key(base_dir, adapter_dir, data, config, work.seed)
    trained = _train(model, feed, config, replace(work, processes=ALONE), key)
    merge = _save(model, base_dir, feed, config, work)
    declare_stop(work.folder, ChatFormat.load(base_dir).stop_id)
    facts = facts_of(data, feed, trained, parameters, merge)
    write_tokens(work.folder / "tokens.parquet", data, feed)
    write_record(work.folder / "training.json", facts, trained, optimization(config))
    return facts


def _share(base_dir: Path, chats_jsonl: Path, config: FinetuneConfig, adapter_dir: Path | None, work: Work) -> None:
    """What one of several processes does."""
    data, feed = read_steps(base_dir, chats_jsonl, config, work.seed)
    key = _training_key(base_dir, adapter_dir, data, config, work.seed)
    _train(_loaded(base_dir, feed, config, work, adapter_dir), feed, config, work, key)


def _check_shared(config: FinetuneConfig) -> None:
    """Raises UserError for a method whose weights processes cannot share."""
    if config.method not in _SHARED:
        raise UserError(
            "method {method} trains in one process",
            "With --processes the methods are: {methods}",
            method=config.method,
            methods=", ".join(_SHARED),
        )


def read_steps(
    base_dir: Path, chats_jsonl: Path, config: FinetuneConfig, seed: int
) -> tuple[ConversationRows, ConversationFeed]:
    """The conversations as rows of tokens, and the steps that they are learnt in. Raises UserError when none can be trained on."""
    check_tokenizer_fits(base_dir)
    data = read_rows(chats_jsonl, ChatFormat.load(base_dir), config.sequence_tokens, config.long_conversations)
    steps = plan_steps([len(row.ids) for row in data.rows], seed, _limits(config))
    if not steps:
        raise UserError(
            "{path}: none of {count} conversations fits into {sequence_tokens} tokens per conversation and {tokens} in all",
            "raise finetune.sequence_tokens or finetune.max_train_tokens",
            path=chats_jsonl,
            count=data.conversations,
            sequence_tokens=config.sequence_tokens,
            tokens=config.max_train_tokens,
        )
    return data, ConversationFeed(data.rows, steps, config.micro_batch_tokens)


def subject(
    base_dir: Path, chats_jsonl: Path, config: FinetuneConfig, work: Work, adapter_dir: Path | None
) -> "Subject":
    """The training for a trial, saved at its end as the real one is."""
    from danlu.loop.causal import CausalLearner
    from danlu.loop.probe import Subject

    _, feed = read_steps(base_dir, chats_jsonl, config, work.seed)
    model = _loaded(base_dir, feed, config, work, adapter_dir)

    def finish(folder: Path) -> None:
        _save(model, base_dir, feed, config, replace(work, folder=folder))

    return Subject(CausalLearner(model), feed, optimization(config), finish=finish)


def _loaded(
    base_dir: Path, feed: ConversationFeed, config: FinetuneConfig, work: Work, adapter_dir: Path | None
) -> Any:
    from danlu.loop.tuning import load_for_tuning

    start_ids = feed.rows[feed.plan[0].rows[0]].ids
    return load_for_tuning(
        base_dir, config.tuning(), start_ids, seed=work.seed, threads=work.threads, adapter_dir=adapter_dir
    )


def _train(model: Any, feed: ConversationFeed, config: FinetuneConfig, work: Work, key: str) -> "Trained":
    from danlu.loop.causal import CausalLearner
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train
    from danlu.loop.parallel import placed

    checkpoints, learner = Checkpoints(work.scratch, checkpoint_every_steps(config), key), CausalLearner(model)
    how = optimization(config)
    with placed(learner, work.processes) as layout:
        return train(
            learner, feed, how, checkpoints, work.progress, seed=work.seed, layout=layout, observers=work.observers
        )


def checkpoint_every_steps(config: FinetuneConfig) -> int:
    """No part of what is learnt."""
    return _FULL_CHECKPOINT_EVERY_STEPS if config.method == "full" else _CHECKPOINT_EVERY_STEPS


def _save(model: Any, base_dir: Path, feed: ConversationFeed, config: FinetuneConfig, work: Work) -> "MergeCheck":
    from danlu.loop.saving import save_tuned

    probe_ids = feed.rows[feed.plan[-1].rows[0]].ids[:_PROBE_TOKENS]
    tolerance = config.merge_relative_tolerance
    return save_tuned(
        model, config.tuning(), base_dir, work.folder, probe_ids, relative_tolerance=tolerance, threads=work.threads
    )


def _limits(config: FinetuneConfig) -> Limits:
    return Limits(config.step_tokens, config.max_train_tokens, config.max_epochs)


def optimization(config: FinetuneConfig) -> "Optimization":
    """How the weights follow the gradients."""
    from danlu.loop.optimizers import Optimization

    return Optimization(
        learning_rate=config.learning_rate or METHODS[config.method].learning_rate,
        warmup_fraction=config.warmup_fraction,
        weight_decay=config.weight_decay,
        max_gradient_norm=config.max_gradient_norm,
        # Layers that are computed twice drop the cache that a prefix lives in.
        recompute_above_tokens=_NEVER if config.method == "prefix" else config.micro_batch_tokens,
        precision="bfloat16" if pays_bfloat16() else "float32",
    )


def _training_key(
    base_dir: Path, adapter_dir: Path | None, data: ConversationRows, config: FinetuneConfig, seed: int
) -> str:
    """What a saved state must agree on before it is taken up."""
    adapter = weights_hash(adapter_dir) if adapter_dir else ""
    return hash_facts([model_hash(base_dir), adapter, data.rows, config.model_dump(), seed])
