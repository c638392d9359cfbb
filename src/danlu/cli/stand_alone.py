"""clean, index, evaluate: one stage on explicit inputs, into a folder of the user's choice."""

import json
import shutil
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path

from danlu.answer.state import current_index
from danlu.cli.as_given import naming_as_given
from danlu.cli.foresight import check, forget_minutes, look_of, minutes_of, within_minutes
from danlu.cli.given import check_writable, inputs_of, settings_of, user_cache
from danlu.cli.project import compute_of, run, show, shows_of, tell
from danlu.cli.sigterm import ending_on_sigterm
from danlu.cli.speech import Speech
from danlu.cli.tables import print_artifact
from danlu.core.artifacts import BEFORE, MANIFEST, Artifact, Corpus, Index, Manifest
from danlu.core.damage import check_given
from danlu.core.errors import UserError
from danlu.core.execute import Before, Machine, Outcome, execute, unlooked
from danlu.core.project import Compute, Source, find_project
from danlu.core.scratch import scratch_of
from danlu.core.stages import Plan, Step
from danlu.core.store import Beside
from danlu.core.tracking import tracker_address
from danlu.recipes import single
from danlu.recipes.corpora import corpus_of, extraction_of
from danlu.recipes.settings import Settings

Tells = Callable[[Outcome], None]


def clean(options: Namespace, say: Speech) -> None:
    """Read and clean documents, or a corpus."""
    examples, settings = Path(options.quality) if options.quality else None, settings_of(options)
    documents = extraction_of(inputs_of(options), options.licence, settings)
    make(single.clean_plan(documents, examples, settings), options, say)


def index(options: Namespace, say: Speech) -> None:
    """Read, clean and index documents."""
    make(
        single.index_plan([Source(path, options.licence) for path in inputs_of(options)], settings_of(options)),
        options,
        say,
    )


def evaluate(options: Namespace, say: Speech) -> None:
    """Measure an index, or a model, whichever the folder holds; without --data the project, on its own held-out questions."""
    if not options.data:
        _evaluate_project(options, say)
        return
    if not options.out:
        raise UserError("--out is needed with --data", "Name a new folder for the report, such as --out report.")
    folder = Path(options.subject) if options.subject else current_index(find_project(Path.cwd())).path
    if not folder.is_dir():
        raise UserError("No such folder: {path}", "Name an index folder or a model checkpoint.", path=folder)
    is_index = (folder / MANIFEST).exists() and Manifest.read(folder).kind == Index.__name__
    plan = single.evaluate_index_plan if is_index else single.evaluate_model_plan
    make(plan(folder, Path(options.data), settings_of(options)), options, say)


def _evaluate_project(options: Namespace, say: Speech) -> None:
    """Bring the project's own report up to date, and print it."""
    if options.subject:
        raise UserError(
            "--data is needed to measure {path}",
            "For an index {{question, file, quote}} per line, for a model conversations; see `danlu evaluate --help`.",
            path=options.subject,
        )
    if options.out:
        raise UserError(
            "--out is for --data: a project's own report is kept as its artifact",
            "Leave it out, or name --data; `danlu evaluate --json` prints the report.",
        )
    options.until, options.id = "evaluate", "evaluate"
    with redirect_stdout(sys.stderr) if options.json else nullcontext():
        run(options, say)
    show(options, say)


def corpus(options: Namespace, settings: Settings) -> Step[Corpus] | Corpus:
    """What a command reads: the files of its paths, or the corpus in the one folder that is given."""
    return corpus_of(inputs_of(options), options.licence, settings)


def _keep_accounts(plan: Plan, place: Beside) -> None:
    """Copy what the stages before the last one rejected and changed: their folders go, and a loss without a reason is none."""
    seen: Counter[str] = Counter()
    for step, id in plan.ids.items():
        seen[step.stage.name] += 1
        name = step.stage.name if seen[step.stage.name] == 1 else f"{step.stage.name}-{seen[step.stage.name]}"
        folder, kept = place.folder(step, id), place.out / BEFORE / name
        if step is plan.target or kept.exists() or not (folder / MANIFEST).exists():
            continue
        half = kept.with_name(f"{kept.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        for name in (MANIFEST, "rejects", "edits"):
            if (folder / name).is_dir():
                shutil.copytree(folder / name, half / name)
            elif (folder / name).exists():
                shutil.copyfile(folder / name, half / name)
        half.rename(kept)


def check_free(plan: Plan, options: Namespace) -> None:
    """Raises UserError when --out holds another artifact than the one that is to be made: for commands that read before they plan."""
    Beside(Path(options.out), plan.target, plan.ids[plan.target], Path()).sweep(())


def make(plan: Plan, options: Namespace, say: Speech) -> None:
    """Run a plan whose last artifact goes to --out; what leads to it lies in the user's cache while it runs."""
    out, compute = Path(options.out), compute_of(Compute(), options)
    check_writable(out)
    check_given(plan)
    minutes = minutes_of(options, plan.target.stage.name)
    # With --json, standard output is for JSON alone: Ray prints there when one of its workers dies.
    aside = redirect_stdout(sys.stderr) if options.json else nullcontext()
    with (
        ending_on_sigterm(),
        scratch_of(plan.ids[plan.target], user_cache() / "stand-alone") as scratch,
        aside,
        Machine.of(compute) as machine,
    ):
        look = look_of(plan, machine, options, say)
        tells = _telling_once(options, say)
        makes = partial(_executed, scratch=scratch, machine=machine, tells=tells, options=options, say=say)
        asked = plan
        if minutes:
            plan, foreseen = within_minutes(asked, look, makes, out, user_cache(), minutes)
            look = replace(look, foreseen=foreseen)
        if options.check:
            with naming_as_given(plan, _place(plan, out, scratch)):
                checked = check(plan, look, makes, out)
        else:
            made = makes(plan, plan, before=look.before)
            _keep_accounts(plan, _place(plan, out, scratch))
            if minutes:
                forget_minutes(asked, out, user_cache(), minutes)
    if options.check:
        print(json.dumps(checked, indent=2) if options.json else say("checked: nothing was trained"))
    elif options.json:
        print(json.dumps(json.loads(made.manifest.to_json()), indent=2, ensure_ascii=False))
    else:
        print_artifact(made, say, as_json=False)


def _place(plan: Plan, out: Path, scratch: Path) -> Beside:
    return Beside(out, plan.target, plan.ids[plan.target], scratch)


def _executed(
    part: Plan,
    whole: Plan,
    before: Before | None = None,
    *,
    scratch: Path,
    machine: Machine,
    tells: Tells,
    options: Namespace,
    say: Speech,
) -> Artifact:
    """Run `part`, which leads to `whole` or is it."""
    place = _place(whole, Path(options.out), scratch)
    with naming_as_given(whole, place):
        return execute(
            part,
            place,
            machine,
            tell=tells,
            shows=shows_of(options, say),
            tracked_by=tracker_address(options.track, Path.cwd()),
            before=before or unlooked,
        )


def _telling_once(options: Namespace, say: Speech) -> Tells:
    """Tells of each artifact once: what leads to a training is asked for before it and again with it."""
    told: set[str] = set()

    def tells(outcome: Outcome) -> None:
        if outcome.artifact.id not in told and not options.json:
            tell(outcome, say)
        told.add(outcome.artifact.id)

    return tells
