"""The only optimisation loop: accumulation, clipping, schedule, checkpoints, exact resume, and what to do when a step goes wrong.

Everything that a step depends on follows from its number (which rows, which rate, which random numbers) or lies in the
checkpoint (weights, optimizer, the losses so far), so a training that was killed and resumed ends with the same bits
as one that was not. The loss of a step is divided by the targets of the whole step, however its rows are parted into
batches and over processes.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from danlu.core.errors import Phrase, WorkFailed
from danlu.core.progress import Progress
from danlu.loop import checkpoint, faults, zero_state
from danlu.loop.average import Average
from danlu.loop.checkpoint import Checkpoints, State
from danlu.loop.faults import CannotLearn, MemoryShort
from danlu.loop.feed import Feed
from danlu.loop.gradients import Gradients
from danlu.loop.layout import Layout, single
from danlu.loop.memory import kept_heap
from danlu.loop.optimizers import Optimization, make_optimizers, trained_weights
from danlu.loop.schedule import learning_rate
from danlu.loop.stopping import noticing_sigterm
from danlu.loop.zero import Zero

_SOUND, _SPIKE, _NOT_FINITE = range(3)
"""What a step can be, from best to worst."""


@dataclass(frozen=True)
class StepFacts:
    """What an observer is told after each step that was learnt from."""

    done: int
    """Steps done, this one included."""
    loss: float
    """Mean over the targets of the step."""
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    tokens: int
    wall_s: float
    score: float | None = None
    """Of the evaluation after this step, where there was one."""


@dataclass(frozen=True)
class Evaluation:
    """A score taken every so many steps."""

    every_steps: int
    score: Callable[[int], float]
    """Of the weights as they are, given the number of steps done; lower is better."""
    patience: int | None = None
    """Evaluations without a better score after which training ends, with the weights of the best one; None never ends it."""


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    losses: tuple[float | None, ...]
    """Mean over the targets of each step; None for one that was left out."""
    left_out: tuple[int, ...]
    returns: int
    """How often it went back to a checkpoint."""
    max_padded_tokens: int | None
    """What batches were held to when memory ran out; None when it never did."""
    scores: dict[int, float]
    best_step: int | None
    """Steps done at the best score when that ended the training early; its weights are those of the learner."""


def train(
    learner: torch.nn.Module,
    feed: Feed,
    optimization: Optimization,
    checkpoints: Checkpoints,
    progress: Progress,
    *,
    seed: int,
    layout: Layout | None = None,
    evaluation: Evaluation | None = None,
    observers: Sequence[Callable[[StepFacts], None]] = (),
) -> Trained:
    """Train the parameters of `learner` that require gradients, in place, from its newest checkpoint on.

    `learner` is a module whose forward of a batch is the sum of the loss over the batch's targets. Raises WorkFailed when
    the training diverges for good, when memory is short for a single row, and when SIGTERM came (after saving).
    """
    layout = layout or single()
    learner.to(layout.device)
    with torch.random.fork_rng(), _reproducible(layout.device), kept_heap():
        training = _Training(learner, feed, optimization, checkpoints, layout, seed, evaluation, observers)
        return training.run(progress)


class _Training:
    """The state of one call of `train`."""

    def __init__(
        self,
        learner: torch.nn.Module,
        feed: Feed,
        optimization: Optimization,
        checkpoints: Checkpoints,
        layout: Layout,
        seed: int,
        evaluation: Evaluation | None,
        observers: Sequence[Callable[[StepFacts], None]],
    ) -> None:
        self._learner, self._feed, self._optimization = learner, feed, optimization
        self._checkpoints, self._layout, self._seed = checkpoints, layout, seed
        self._evaluation, self._observers = evaluation, observers
        keeps_best = evaluation is not None and evaluation.patience is not None
        self._zero = Zero(learner, optimization, layout) if layout.zero else None
        if self._zero:
            self._optimizers = [self._zero.optimizer]
            self._average = Average(self._zero.weights(), optimization.average_decay, keeps_best)
            self._gradients: Gradients = self._zero.gradients(feed)
        else:
            self._optimizers = make_optimizers(learner, optimization)
            self._average = Average.of(learner, optimization.average_decay, keeps_best=keeps_best)
            weights = list(trained_weights(self._optimizers))
            self._gradients = _gradients(learner, weights, feed, optimization, layout)
        self._state = State(checkpoints.key)
        self._facts: StepFacts | None = None

    def run(self, progress: Progress) -> Trained:
        """All steps that are not done yet."""
        saved = self._agreed_step(checkpoint.steps_saved(self._checkpoints))
        if saved is not None:
            self._load(saved)
            if saved < (steps := self._feed.steps):
                progress.line(
                    Phrase("goes on from its checkpoint after step {done} of {steps}", done=saved, steps=steps)
                )
        self._hold_batches()
        self._learner.train()
        held = None
        with noticing_sigterm() as stop:
            while len(self._state.losses) < self._feed.steps and not self._is_over():
                held = self._tell_held(held, progress)
                self._step(len(self._state.losses))
                held = self._tell_held(held, progress)
                done = len(self._state.losses)
                progress.advance(done, self._feed.steps, self._note())
                self._evaluate(done)
                self._tell(done)
                is_last = done == self._feed.steps or self._is_over()
                is_asked = self._layout.agreed(stop.is_asked)
                if done and (done % self._checkpoints.every_steps == 0 or is_last or is_asked):
                    self._save()
                if is_asked and not is_last:
                    raise WorkFailed(
                        "stopped by SIGTERM after step {done} of {steps}",
                        "What was learnt is kept: run the same again to go on.",
                        done=done,
                        steps=self._feed.steps,
                    )
        return self._finished()

    def _step(self, number: int) -> None:
        """Learn from a step, or leave it out, or go back."""
        self._facts = None
        if number in self._state.left_out:
            self._state.losses.append(None)
            return
        started = time.perf_counter()
        seed = step_seed(self._seed, number, self._layout.part.number)
        try:
            loss, norm = self._gradients.of(number, self._state, seed)
        except MemoryShort:
            assert self._state.max_padded_tokens is not None
            checkpoint.hold_batches_to(self._checkpoints, self._layout.name, self._state.max_padded_tokens)
            raise
        verdict = self._verdict(loss, norm)
        if verdict == _NOT_FINITE:
            self._mend_not_finite(number, loss, norm)
        elif verdict == _SPIKE:
            self._mend_spike(number)
        else:
            self._learn(number)
            self._state.losses.append(loss)
            self._facts = StepFacts(
                number + 1, loss, self._rate(number), norm, self._feed.tokens(number), time.perf_counter() - started
            )

    def _hold_batches(self) -> None:
        """To what one of the processes had memory for, before all of them started again; as the first of them sees it."""
        state, name = self._state, self._layout.name
        saved = state.max_padded_tokens if state.layout == name else None
        told = int(self._layout.of_first(float(checkpoint.batches_held_to(self._checkpoints, name) or -1)))
        held = [tokens for tokens in (saved, told) if tokens is not None and tokens > 0]
        state.max_padded_tokens, state.layout = min(held, default=None), name

    def _tell_held(self, before: int | None, progress: Progress) -> int | None:
        """Say what batches are held to when it is not what was said `before`."""
        held = self._state.max_padded_tokens
        if held is not None and held != before:
            progress.line(Phrase("memory was short: batches have at most {tokens} tokens from now on", tokens=held))
        return held

    def _tell(self, done: int) -> None:
        """Observers hear of a step that was learnt from, when it is evaluated too."""
        if self._facts is not None:
            facts = replace(self._facts, score=self._state.scores.get(str(done)))
            for observe in self._observers:
                observe(facts)

    def _verdict(self, loss: float, norm: float) -> int:
        """Of a step, the same in all processes: their sums may differ in the last bits, and they must not part ways."""
        if not math.isfinite(loss) or not math.isfinite(norm):
            mine = _NOT_FINITE
        else:
            is_spike = self._optimization.mends_spikes and faults.is_spike(self._state.losses, loss)
            mine = _SPIKE if is_spike else _SOUND
        return self._layout.worst(mine)

    def _learn(self, number: int) -> None:
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._rate(number)
            optimizer.step()
            optimizer.zero_grad()
        self._average.follow(number)
        self._state.failed_in_a_row = 0

    def _rate(self, number: int) -> float:
        how = self._optimization
        return learning_rate(number, self._feed.steps, how.learning_rate, how.warmup_fraction, how.schedule)

    def _leave_out(self, number: int) -> None:
        self._gradients.clear()
        self._state.losses.append(None)
        self._state.left_out.append(number)

    def _mend_not_finite(self, number: int, loss: float, norm: float) -> None:
        """One step may have bad data; several in a row say that the weights are bad."""
        self._leave_out(number)
        self._state.failed_in_a_row += 1
        if self._state.failed_in_a_row >= min(faults.MOST_LEFT_OUT_IN_A_ROW, self._feed.steps):
            sound = self._sound(number)
            if sound is None or self._state.returns == faults.MOST_RETURNS:
                raise self._diverged(number, loss, norm)
            self._go_back(number, sound)

    def _mend_spike(self, number: int) -> None:
        """Without a checkpoint from before the damage all that can be done is not to learn from this step.

        So too after several returns: spikes that come again and again are the data's and not the weights'.
        """
        sound = self._sound(number)
        if sound is None or self._state.returns == faults.MOST_RETURNS:
            self._leave_out(number)
        else:
            self._go_back(number, sound)

    def _sound(self, number: int) -> int | None:
        """The newest checkpoint that is old enough to be from before the damage."""
        return self._agreed_step(
            [step for step in checkpoint.sound_steps(self._checkpoints) if step <= number - faults.BEHIND]
        )

    def _agreed_step(self, saved: Sequence[int]) -> int | None:
        """The last, as the first process sees it: a shared file system may show another one less."""
        step = int(self._layout.of_first(float(saved[-1] if saved else -1)))
        return step if step >= 0 else None

    def _go_back(self, number: int, sound: int) -> None:
        """Take up a checkpoint, and leave out the steps since."""
        self._gradients.clear()
        returns, left_out = self._state.returns + 1, set(self._state.left_out)
        self._load(sound)
        self._hold_batches()
        checkpoint.forget(self._checkpoints, sound)
        self._state.returns = returns
        self._state.left_out = sorted(left_out | set(range(sound, number + 1)))

    def _diverged(self, number: int, loss: float, norm: float) -> CannotLearn:
        return CannotLearn(
            "training diverged at step {step}: loss {loss}, gradient norm {norm}",
            "The last good checkpoint is kept. Lower learning_rate, or look at the data of that step.",
            step=number + 1,
            loss=f"{loss:.3f}",
            norm=f"{norm:.3f}",
        )

    def _evaluate(self, done: int) -> None:
        evaluation = self._evaluation
        if evaluation is None or not done or str(done) in self._state.scores:
            return
        if done % evaluation.every_steps and done != self._feed.steps:
            return
        self._learner.eval()
        with self._average.in_place(), torch.no_grad():
            score = self._layout.of_first(evaluation.score(done))
            score = score if math.isfinite(score) else math.inf
            if evaluation.patience is not None and score < min(self._state.scores.values(), default=math.inf):
                self._average.keep_best()
            self._state.scores[str(done)] = score
        if self._layout.group is not None:
            from danlu.loop.parallel import reshard

            reshard(self._learner)
        self._learner.train()

    def _is_over(self) -> bool:
        """Whether the score has not improved for too long."""
        patience = self._evaluation.patience if self._evaluation else None
        scores = list(self._state.scores.values())
        return patience is not None and bool(scores) and len(scores) - 1 - scores.index(min(scores)) >= patience

    def _finished(self) -> Trained:
        """Put the averaged weights, or those of the best evaluation, in place."""
        state, best = self._state, None
        if self._evaluation and self._evaluation.patience is not None and state.scores:
            best = int(min(state.scores, key=lambda step: (state.scores[step], int(step))))
            self._average.take_best()
        else:
            self._average.take()
        self._learner.eval()
        scores = {int(step): score for step, score in state.scores.items()}
        return Trained(tuple(state.losses), tuple(state.left_out), state.returns, state.max_padded_tokens, scores, best)

    def _note(self) -> str:
        losses = self._state.losses
        return f"loss {losses[-1]:.3f}" if losses and losses[-1] is not None else ""

    def _save(self) -> None:
        self._state.loss_scale = self._gradients.loss_scale
        where, extra = self._checkpoints, self._average.tensors()
        if self._zero:
            zero_state.save(where, self._zero, self._state, extra)
        else:
            checkpoint.save(where, self._learner, self._optimizers, self._state, extra)

    def _load(self, step: int) -> None:
        where, extra = self._checkpoints, self._average.tensors()
        if self._zero:
            self._state = zero_state.load(where, step, self._zero, extra)
        else:
            # At the end nothing is learnt any more, and states of optimizers are twice the weights.
            optimizers = self._optimizers if step < self._feed.steps else []
            self._state = checkpoint.load(where, step, self._learner, optimizers, extra)
        self._gradients.loss_scale = self._state.loss_scale


def _gradients(
    learner: torch.nn.Module,
    weights: list[torch.nn.Parameter],
    feed: Feed,
    optimization: Optimization,
    layout: Layout,
) -> Gradients:
    """What makes the gradient of a step: of all layers, or of a segment of them."""
    if layout.segment is None:
        return Gradients(learner, weights, feed, optimization, layout)
    from danlu.loop.pipeline import PipelineGradients  # torch's pipelines take a second or more to import

    return PipelineGradients(learner, weights, feed, optimization, layout)


def step_seed(seed: int, step: int, part: int) -> int:
    """What torch's random numbers of a step start from: a resume needs no record of them."""
    digest = hashlib.blake2b(f"{seed}/{step}/{part}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


@contextmanager
def _reproducible(device: torch.device) -> Iterator[None]:
    """Have torch refuse operations whose result changes from run to run (on a GPU: warn, where some have no other form)."""
    uninitialized: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), uninitialized.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=device.type != "cpu")
    # Filling every new tensor first would cost time and guards against nothing that we do.
    uninitialized.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        uninitialized.fill_uninitialized_memory = before[1]
