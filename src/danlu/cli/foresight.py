"""What stands between a plan and a training: the look before its first step, `--check`, and `--minutes`."""

import json
import math
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from danlu.cli.foresight_page import Page, duration
from danlu.cli.speech import Speech
from danlu.core.artifacts import MANIFEST, RUN, Artifact, Manifest
from danlu.core.errors import UserError
from danlu.core.execute import Afterwards, Machine
from danlu.core.hashing import hash_facts
from danlu.core.machine import read_hardware
from danlu.core.processes import ALONE
from danlu.core.progress import Silent
from danlu.core.stages import Plan, Step, Work
from danlu.core.store import SCRATCH, is_resumed, write_atomically
from danlu.loop.predict import Prediction, compared, tokens_for
from danlu.loop.probe import TrialFailed
from danlu.recipes.outlooks import outlook_of
from danlu.train import foresee

_UNBOUND = 2**62
"""Tokens: the passes over the data end a training before."""
_BUDGET = "budget_minutes"
"""In run.json: what --minutes was."""

Makes = Callable[[Plan, Plan], Artifact]
"""Makes what a plan lacks, which leads to the other one or is it."""


@dataclass(frozen=True)
class Look:
    """Looks at trainings before their first step, and says what it sees."""

    seed: int
    machine: Machine
    say: Speech
    stream: TextIO
    minutes: float | None = None
    """That the training was asked to take."""
    foreseen: Prediction | None = None
    """Where steps were tried already."""

    def before(self, step: Step[Any], id: str, inputs: dict[str, Any], folder: Path) -> Afterwards | None:
        """Refuses what cannot work; tries some steps of what will take long. A training that is gone on with is let be."""
        if is_resumed(folder, id) and any((folder / SCRATCH).rglob("*state.json")):
            return self._recorded(None)
        return self._recorded(self.at(step, inputs, folder, is_demanded=False))

    def at(self, step: Step[Any], inputs: dict[str, Any], folder: Path, *, is_demanded: bool) -> Prediction | None:
        """The prediction by trial steps; None where they do not pay and are not demanded, or nothing is trained."""
        work, hardware = self.work(folder), read_hardware(folder)
        outlook = outlook_of(step, inputs, work)
        if outlook is None:
            if is_demanded:
                raise _unforeseen(step)
            return None
        if not isinstance(self.machine.workers, int):  # other machines do the work, and this one's memory says nothing
            outlook = replace(outlook, asked=None)
        say, page = self.say, Page(step.stage.name, self.say, self.stream)
        needs = foresee.check(outlook, folder, hardware)
        page.rows(outlook)
        for example in outlook.examples:
            page.example(example)
        if needs:
            page.needs(needs, hardware)
        if outlook.subject is None:
            page.untried(outlook.workload)
            return foresee.by_formula(outlook, needs) if needs else None
        if self.foreseen and not is_demanded:
            page.prediction(self.foreseen)
            return self.foreseen
        if not is_demanded and not (foresee.pays(outlook, work.threads) and work.processes == ALONE):
            return None
        page.line(say("trying some steps, to tell what it will take"))
        try:
            measured = foresee.measure(outlook, self.seed)
        except TrialFailed as error:
            if is_demanded:
                raise
            page.line(say(error.message_template, **error.values))
            return None
        prediction = foresee.predicted(outlook, measured, folder, hardware)
        page.prediction(prediction)
        return prediction

    def work(self, folder: Path) -> Work:
        """What a stage's body would be given, without what only that needs."""
        machine = self.machine
        return Work(
            folder, folder / SCRATCH, self.seed, machine.threads, 1, Silent(), machine.processes, machine.machines
        )

    def _recorded(self, prediction: Prediction | None) -> Afterwards:
        def afterwards(run: dict[str, Any]) -> dict[str, Any]:
            told = {"prediction": compared(prediction, run)} if prediction else {}
            return told | ({_BUDGET: self.minutes} if self.minutes else {})

        return afterwards


def minutes_of(options: Namespace, stage: str) -> float | None:
    """What --minutes says; raises UserError when that is no time, or the tokens are said already."""
    minutes: float | None = options.minutes
    if minutes is None:
        return None
    if not 0 < minutes < math.inf:
        raise UserError("--minutes {minutes} is no time", "For example: --minutes 30", minutes=minutes)
    if any(pair.startswith(f"{stage}.max_train_tokens=") for pair in options.set):
        raise UserError(
            "--minutes and --set {name}=… both say how much is learnt",
            "Leave one of them out.",
            name=f"{stage}.max_train_tokens",
        )
    return minutes


def look_of(plan: Plan, machine: Machine, options: Namespace, say: Speech) -> Look:
    """By the options of a command; with --json standard output is for JSON alone."""
    return Look(plan.seed, machine, say, sys.stderr if options.json else sys.stdout, options.minutes)


def check(plan: Plan, look: Look, makes: Makes, out: Path) -> dict[str, Any]:
    """Predict the last stage of a plan and end before its first step; raises UserError when it cannot fit."""
    _refuse_processes(look.machine, "--check")
    prediction = look.at(plan.target, _prepared(plan, makes), out, is_demanded=True)
    return prediction.facts() if prediction else {}


def within_minutes(
    plan: Plan, look: Look, makes: Makes, out: Path, cache: Path, minutes: float
) -> tuple[Plan, Prediction | None]:
    """The plan with as many tokens as can be learnt from in so many minutes, and what it will take where steps were tried.

    Asked once: a plan that was begun or done with the same --minutes and --out has its number again. Raises UserError when
    not even a step fits.
    """
    _refuse_processes(look.machine, "--minutes")
    if "max_train_tokens" not in type(plan.target.config).model_fields:
        raise _unforeseen(plan.target)
    unbound = _with_tokens(plan, _UNBOUND)
    memo = _memo(unbound, out, cache, minutes)
    tokens = _of_done(out, minutes) or (int(memo.read_text(encoding="utf-8")) if memo.exists() else 0)
    say, prediction = look.say, None
    page = Page(plan.target.stage.name, say, look.stream)
    if not tokens:
        prediction = _measured(unbound, look, makes, out, minutes, page)
        tokens = prediction.tokens
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(memo, str(tokens))
    page.line(
        say(
            "{time} are {tokens} tokens; exactly the same again, however fast the machine is: --set {setting}",
            time=duration(60 * minutes, say),
            tokens=f"{tokens:,}",
            setting=f"{plan.target.stage.name}.max_train_tokens={tokens}",
        )
    )
    return _with_tokens(plan, tokens), prediction


def forget_minutes(plan: Plan, out: Path, cache: Path, minutes: float) -> None:
    """What --minutes were is in run.json when the training is done."""
    _memo(_with_tokens(plan, _UNBOUND), out, cache, minutes).unlink(missing_ok=True)


def _measured(unbound: Plan, look: Look, makes: Makes, out: Path, minutes: float, page: Page) -> Prediction:
    say = look.say
    outlook = outlook_of(unbound.target, _prepared(unbound, makes), look.work(out))
    if outlook is None:
        raise _unforeseen(unbound.target)
    foresee.check(outlook, out, read_hardware(out))
    page.line(say("trying some steps, to tell how much fits into {time}", time=duration(60 * minutes, say)))
    measured = foresee.measure(outlook, look.seed)
    tokens = tokens_for(60 * minutes, measured, outlook.schedule)
    a_step = outlook.workload.tokens // outlook.workload.steps
    if tokens < a_step:
        raise UserError(
            "{time} are too short: starting, measuring and saving alone take {least}",
            "Give more minutes, or take a smaller model or fewer held-out tokens.",
            time=duration(60 * minutes, say),
            least=duration(60 * minutes + (a_step - tokens) * measured.padded_token.wall_s, say),
        )
    if tokens > outlook.workload.tokens:
        all_of_it = f"{outlook.workload.tokens:,}"
        page.line(say("the data end before: all passes over them are {tokens} tokens", tokens=all_of_it))
    bounded = replace(measured, workload=measured.workload.of(min(tokens, outlook.workload.tokens)))
    return foresee.predicted(outlook, bounded, out, read_hardware(out))


def _unforeseen(step: Step[Any]) -> UserError:
    return UserError("what {stage} takes cannot be foreseen", "Leave out --check and --minutes.", stage=step.stage.name)


def _prepared(plan: Plan, makes: Makes) -> dict[str, Any]:
    """What the last stage of a plan reads, made."""
    return {
        name: makes(Plan(given, plan.seed), plan) if isinstance(given, Step) else given
        for name, given in plan.target.inputs.items()
    }


def _with_tokens(plan: Plan, tokens: int) -> Plan:
    config = plan.target.config.model_copy(update={"max_train_tokens": tokens})
    return Plan(replace(plan.target, config=config), plan.seed)


def _memo(unbound: Plan, out: Path, cache: Path, minutes: float) -> Path:
    key = hash_facts([unbound.ids[unbound.target], str(out.resolve()), minutes])
    return cache / "minutes" / key


def _of_done(out: Path, minutes: float) -> int:
    """The tokens of an artifact that was made with the same --minutes; 0 without one."""
    if not (out / MANIFEST).is_file() or not (out / RUN).is_file():
        return 0
    run = json.loads((out / RUN).read_text(encoding="utf-8"))
    return int(Manifest.read(out).config["max_train_tokens"]) if run.get(_BUDGET) == minutes else 0


def _refuse_processes(machine: Machine, option: str) -> None:
    if machine.processes != ALONE:
        raise UserError(
            "{option} tries steps in one process, which says nothing of {count}",
            "Leave out --processes; what they need of memory is told and checked before every training.",
            option=option,
            count=machine.processes.count,
        )
