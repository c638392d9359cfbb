"""init, plan, run, show: the commands that make a project and what it holds."""

import json
import sys
from argparse import Namespace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from danlu.answer.forgetting.orders import cut_off, note_rebuilt
from danlu.answer.index.live import follow_release
from danlu.answer.state import State
from danlu.cli.foresight import Look
from danlu.cli.given import check_stage, parsed_settings, user_here
from danlu.cli.release_page import failed_checks
from danlu.cli.sigterm import ending_on_sigterm
from danlu.cli.speech import Speech
from danlu.cli.tables import padded, print_artifact, print_table
from danlu.core.artifacts import MANIFEST, RUN, Artifact, Release
from danlu.core.errors import UserError
from danlu.core.execute import Machine, Outcome, Shows, execute, is_done
from danlu.core.progress import progress
from danlu.core.project import PROJECT_FILE, Compute, Project, find_project
from danlu.core.stages import Plan
from danlu.core.store import Store, only_writer, open_artifact
from danlu.core.tracking import tracker_address
from danlu.recipes import RECIPES, plan_of


def init(options: Namespace, say: Speech) -> None:
    """Write `danlu.yaml`; raises UserError when there is one, or when a document path does not exist."""
    folder = Path(options.dir)
    if options.recipe not in RECIPES:
        raise UserError(
            "Unknown recipe `{recipe}`",
            "The recipes are: {recipes}.",
            recipe=options.recipe,
            recipes=", ".join(RECIPES),
        )
    sources = [{"path": _reference(Path(path), folder), "licence": options.licence} for path in options.docs]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = (folder / PROJECT_FILE).exists()
    except OSError as error:
        raise UserError(
            "{folder} cannot be made: {problem}", "Name another folder.", folder=folder, problem=error.strerror
        ) from None
    if taken:
        raise UserError("{folder} is a project already", "Edit its danlu.yaml, or name another folder.", folder=folder)
    said = {"recipe": options.recipe, "name": folder.resolve().name, "sources": sources}
    (folder / PROJECT_FILE).write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")
    print(say("made {file}", file=folder / PROJECT_FILE))
    if options.licence == "unknown":
        print(
            say(
                "The licence of the documents is unknown: add it to danlu.yaml when you know it. Nothing is blocked by it."
            )
        )
    print(say("next: cd {folder} && danlu run", folder=folder))


def _reference(path: Path, folder: Path) -> str:
    """A path inside the project is relative to it, any other is absolute."""
    if not path.exists():
        raise UserError("No such file or folder: {path}", "Name documents that exist after --docs.", path=path)
    resolved, root = path.resolve(), folder.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(resolved)


def _opened(options: Namespace) -> tuple[Project, Plan]:
    project = find_project(Path.cwd())
    project.settings.update(parsed_settings(options.set))
    return project, plan_of(project)


def plan(options: Namespace, say: Speech) -> None:
    """Print the graph: each stage, its id, and whether it is done."""
    project, planned = _opened(options)
    store = Store(project.artifacts)
    rows: list[dict[str, Any]] = []
    for step, id in planned.ids.items():
        done = is_done(store.folder(step, id), id)
        rows.append(
            {
                "stage": step.stage.name,
                "id": id,
                "done": done,
                "inputs": [parent.stage.name for parent in step.parents.values()],
            }
        )
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print_table(
        [say("stage"), say("id"), say("state"), say("from")],
        [
            [row["stage"], row["id"], say("done") if row["done"] else say("to do"), ", ".join(row["inputs"])]
            for row in rows
        ],
    )


def run(options: Namespace, say: Speech) -> None:
    """Run what is missing and make the release current."""
    project, planned = _opened(options)
    stages = [step.stage.name for step in planned.ids]
    check_stage(options.until, stages)
    compute = compute_of(project.compute, options)
    with only_writer(project.state), ending_on_sigterm(), Machine.of(compute) as machine:
        made = execute(
            planned,
            Store(project.artifacts),
            machine,
            options.until,
            lambda outcome: tell(outcome, say),
            shows_of(options, say),
            tracker_address(options.track, project.state),
            Look(planned.seed, machine, say, sys.stdout).before,
        )
        if isinstance(made, Release):
            State.of(project).make_current(made)
            follow_release(project)
            for record in note_rebuilt(project, made, user_here()):
                print(
                    say(
                        "rebuilt without what record {order} forgot (record {record})",
                        order=record.about,
                        record=record.number,
                    )
                )
            for name in cut_off(State.of(project).folder):
                print(say("The order to forget {name} was cut off: `danlu forget {name}` finishes it", name=name))
            print(say("release {id} is current: `danlu ask`, `danlu serve`", id=made.id))


def compute_of(compute: Compute, options: Namespace) -> Compute:
    """What does the work, with what the command line says."""
    return compute.but(options.compute, options.workers, options.processes, options.machines)


def shows_of(options: Namespace, say: Speech) -> Shows:
    """How progress is shown."""
    from danlu.loop.curves import watching

    return partial(watching if options.watch else progress, said=say.line)


def tell(outcome: Outcome, say: Speech) -> None:
    """Print what became of one step, and name what it rejected."""
    manifest = outcome.artifact.manifest
    took = say("already done") if outcome.skipped else say("{seconds:.1f} s", seconds=outcome.run["wall_s"])
    counts = counts_line(outcome.artifact, say)
    print(f"{manifest.stage:<16} {manifest.id}  {padded(took, 12)} {counts}".rstrip(), flush=True)
    if manifest.note:
        print(f"{'':<16} {say(manifest.note)}", flush=True)
    if isinstance(outcome.artifact, Release):
        for line in failed_checks(outcome.artifact, say):
            print(f"{'':<16} {line}", flush=True)
    if "prediction" in outcome.run:
        from danlu.cli.foresight_page import compared_line

        print(f"{'':<16} {compared_line(outcome.run['prediction'], say)}", flush=True)
    if not outcome.skipped:
        _name_rejects(outcome.artifact, say)


def counts_line(artifact: Artifact, say: Speech) -> str:
    """An artifact's counts on one line."""
    return ", ".join(f"{say(name)} {count}" for name, count in artifact.manifest.counts.items())


_NAMED_REJECTS = 10


def _name_rejects(artifact: Artifact, say: Speech) -> None:
    from danlu.text.tables import stream_rows

    path = artifact.path / "rejects"
    for row in islice(stream_rows(path), _NAMED_REJECTS) if path.exists() else ():
        rule, value = say(row["rule"]), say(row["value"])
        print(say("  rejected {source}: {rule} ({value})", source=row["source"], rule=rule, value=value))
    count = artifact.manifest.counts.get("rejected", 0)
    if count > _NAMED_REJECTS:
        print(
            say("  and {count} more: `danlu show` with the id or the folder prints them", count=count - _NAMED_REJECTS)
        )


def show(options: Namespace, say: Speech) -> None:
    """List the artifacts of the project, or show one of them or the one in a folder."""
    if options.id and (Path(options.id) / MANIFEST).is_file():
        print_artifact(open_artifact(Path(options.id)), say, options.json)
        return
    project = find_project(Path.cwd())
    store = Store(project.artifacts)
    if options.id:
        artifact = _chosen(project, store, options.id)
        print_artifact(artifact, say, options.json)
        return
    artifacts = sorted(store.all(), key=lambda artifact: _started(artifact))
    if options.json:
        print(
            json.dumps(
                [json.loads(artifact.manifest.to_json()) for artifact in artifacts], indent=2, ensure_ascii=False
            )
        )
        return
    rows = [
        [a.manifest.stage, a.id, a.manifest.kind, ", ".join(a.manifest.licences), counts_line(a, say)]
        for a in artifacts
    ]
    print_table([say("stage"), say("id"), say("kind"), say("licences"), say("counts")], rows)


def _chosen(project: Project, store: Store, name: str) -> Artifact:
    """An artifact by id; or by stage, and then the one of the current plan. Only a stage's name needs the sources."""
    if not (store.root / name).is_dir():
        return store.find(name)
    for step, id in plan_of(project).ids.items():
        if step.stage.name == name and is_done(store.folder(step, id), id):
            return store.find(id)
    raise UserError("The stage {stage} has not run", "`danlu run` runs it.", stage=name)


def _started(artifact: Artifact) -> float:
    path = artifact.path / RUN
    return float(json.loads(path.read_text(encoding="utf-8"))["started"]) if path.exists() else 0.0
