"""One training with a trainer of TRL: quiet, watched, sealed checkpoints, and continued where it stood."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback

from danlu.core.errors import WorkFailed
from danlu.core.progress import Progress
from danlu.core.stages import Observer
from danlu.loop.stopping import Stop, noticing_sigterm
from danlu.train.align.checkpoints import newest, seal
from danlu.train.align.measure import telling_bad_odds
from danlu.train.align.quiet import quiet_libraries
from danlu.train.align.rewards import Score
from danlu.train.align.telling import Telling
from danlu.train.align.trainers import Training, make_trainer

_LOGGED = {
    "loss": "loss",
    "rewards/accuracies": "accuracy",
    "rewards/margins": "margin",
    "accuracy": "accuracy",
    "margin": "margin",
    "reward": "reward",
    "completions/clipped_ratio": "cut_replies",
    "frac_reward_zero_std": "equal_rewards",
}
"""What is kept of the trainers' logs, by their names and ours."""


@dataclass(frozen=True)
class Trained:
    """The model, and figures of each step."""

    model: Any
    by_step: Mapping[str, Sequence[float | None]]


def run(
    training: Training, model: Any, score: Score | None, progress: Progress, observers: Sequence[Observer] = ()
) -> Trained:
    """Train; killed at any moment and called again with the same folder, it ends with the same weights.

    Raises WorkFailed when the loss or a gradient is no longer a number (the checkpoints before that step stay), and when
    SIGTERM came (after saving).
    """
    tokens = _special_tokens(model)
    with quiet_libraries(), _reproducible(), torch.random.fork_rng(), noticing_sigterm() as stop, telling_bad_odds():
        trainer = make_trainer(training, model, score)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(_Watch(progress, stop))
        trainer.add_callback(Telling(observers))
        checkpoint = newest(training.folder) if training.folder.is_dir() else None
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trained = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False).to("cpu").eval()
    _put_back(trained, tokens, is_causal=training.config.method != "reward")
    return Trained(trained, _by_step(trainer.state.log_history))


class _Watch(TrainerCallback):
    """Reports steps, stops at the first loss that is no number, and seals checkpoints."""

    def __init__(self, progress: Progress, stop: Stop) -> None:
        self._progress, self._stop = progress, stop

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Comes before the step's checkpoint is written, so that no bad weights replace good ones."""
        bad = [name for name in ("loss", "grad_norm") if not math.isfinite(logs.get(name, 0.0))]
        if bad:
            raise WorkFailed(
                "training diverged at step {step}: {name} is {value}",
                "Lower align.learning_rate; the checkpoints of the steps before are kept.",
                step=state.global_step,
                name=bad[0],
                value=logs[bad[0]],
            )
        if "loss" in logs:
            self._progress.advance(state.global_step, state.max_steps, f"loss {logs['loss']:.3f}")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Who is asked to leave saves first."""
        control.should_save = control.should_save or self._stop.is_asked

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint without a seal is never taken up."""
        seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")
        if self._stop.is_asked and state.global_step < state.max_steps:
            raise WorkFailed(
                "stopped by SIGTERM after step {done} of {steps}",
                "What was learnt is kept: run the same again to go on.",
                done=state.global_step,
                steps=state.max_steps,
            )


def _by_step(history: Sequence[Mapping[str, Any]]) -> dict[str, list[float | None]]:
    """None where a step has no such figure: a margin, say, of KTO's step of good replies alone."""
    steps = [entry for entry in history if "loss" in entry]
    names = {ours: theirs for theirs, ours in _LOGGED.items() if any(theirs in entry for entry in steps)}
    return {ours: [entry.get(theirs) for entry in steps] for ours, theirs in names.items()}


def _special_tokens(model: Any) -> dict[str, Any]:
    return {name: getattr(model.config, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")} | {
        "generation": model.generation_config.to_dict() if model.can_generate() else None
    }


def _put_back(model: Any, tokens: dict[str, Any], *, is_causal: bool) -> None:
    """Trainers write their tokenizer's tokens into the config; a checkpoint ends replies as its base does.

    A reward model keeps the padding token: it looks for the last token that is none.
    """
    names = ("bos_token_id", "eos_token_id", *(("pad_token_id",) if is_causal else ()))
    for name in names:
        setattr(model.config, name, tokens[name])
    if tokens["generation"] is not None:
        model.generation_config = type(model.generation_config).from_dict(tokens["generation"])


@contextmanager
def _reproducible() -> Iterator[None]:
    """Have torch refuse operations whose result changes from run to run; on a GPU, where some have no other way, name them."""
    uninitialized: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), uninitialized.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    uninitialized.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        uninitialized.fill_uninitialized_memory = before[1]
