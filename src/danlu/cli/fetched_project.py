"""What a project's run made on another machine comes into the project here: its artifacts, and which release is current."""

import shutil
from pathlib import Path

from danlu.answer.forgetting.orders import note_rebuilt
from danlu.answer.state import State
from danlu.cli.fetched_job import check_sound, take, tell
from danlu.cli.given import user_here
from danlu.cli.sent_project import ARTIFACTS, CURRENT, planned_here
from danlu.cli.speech import Speech
from danlu.core.artifacts import MANIFEST, Release
from danlu.core.errors import UserError
from danlu.core.execute import is_done
from danlu.core.file_trees import FileTree, TreeFile, listed
from danlu.core.frames import Channel
from danlu.core.project import Project, load_project
from danlu.core.store import Store, only_writer
from danlu.core.submitted_jobs import SubmittedJob


def fetched_project(channel: Channel, job: SubmittedJob, say: Speech) -> None:
    """Fetch the artifacts that are not here, check them, put them into the project's store, and make the release current."""
    project = load_project(Path(job.out))
    half = project.state / f"{job.id}.half"
    with only_writer(project.state):
        made = _artifacts(_offered(channel, job, project, ARTIFACTS))
        lacking = {
            place: files for place, files in made.items() if not (project.artifacts / place / MANIFEST).is_file()
        }
        wanted = FileTree("artifacts", tuple(file for files in lacking.values() for file in files))
        take(channel, wanted, half, say)
        for place in lacking:
            check_sound(half / "artifacts" / place, half, job)
        for place in lacking:
            folder = project.artifacts / place
            shutil.rmtree(folder, ignore_errors=True)  # work of a run here that was interrupted
            folder.parent.mkdir(parents=True, exist_ok=True)
            (half / "artifacts" / place).rename(folder)
        take(channel, _offered(channel, job, project, CURRENT), half, say)
        release = None if job.is_fetched else _made_current(half, project)
        shutil.rmtree(half)
    size = wanted.size_bytes / 1e6
    tell(
        say(
            "fetched and checked: {count} artifacts of {all}, {size:.1f} MB",
            count=len(lacking),
            all=len(made),
            size=size,
        )
    )
    if release:
        tell(say("release {id} is current: `danlu ask`, `danlu serve`", id=release.id))
    if others := _to_do_here(project, job, say):
        tell(say("`danlu run` here would make these again: {stages}", stages=", ".join(others)))
        tell(
            say("  versions of libraries, or the kind of processor, are others there, or the project has changed since")
        )


def _to_do_here(project: Project, job: SubmittedJob, say: Speech) -> list[str]:
    """Stages of the run whose artifacts from there are not those that this machine would make; none where it could not tell."""
    store = Store(project.artifacts)
    try:
        planned = planned_here(project, job.command, say) or ()
    except UserError:  # danlu.yaml has other stages now
        planned = ()
    return [step.stage.name for step, id in planned if not is_done(store.folder(step, id), id)]


def _offered(channel: Channel, job: SubmittedJob, project: Project, place: str) -> FileTree:
    channel.send({"ask": "made", "id": job.id, "name": f"{project.folder.resolve().name}/{place}"})
    return listed(Path(place).name, channel.receive()[1])


def _artifacts(tree: FileTree) -> dict[str, list[TreeFile]]:
    """The files of each finished artifact, by `stage/id`."""
    by_place: dict[str, list[TreeFile]] = {}
    for file in tree.files:
        parts = file.place.split("/")
        if len(parts) > 3:
            by_place.setdefault("/".join(parts[1:3]), []).append(file)
    return {
        place: files
        for place, files in by_place.items()
        if any(file.place == f"artifacts/{place}/{MANIFEST}" for file in files)
    }


def _made_current(half: Path, project: Project) -> Release | None:
    """Serve here what is served there; None where the run was not to end in a release."""
    path = half / Path(CURRENT).name
    if not path.exists():
        return None
    state = State(half)
    release = Store(project.artifacts).find(state.current())
    assert isinstance(release, Release), "current.json names a release"
    State.of(project).make_current(release)
    note_rebuilt(project, release, user_here())
    return release
