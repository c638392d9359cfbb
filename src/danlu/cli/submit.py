"""submit: one of danlu's commands on another machine; its output here, its artifact here, its exit status here."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from danlu.cli.fetched_job import tell
from danlu.cli.followed_job import followed, jobs_here
from danlu.cli.given import outside_of
from danlu.cli.main import parser
from danlu.cli.sent_command import SentCommand, names_there, sent_command
from danlu.cli.sent_project import FORGOTTEN, places, project_trees
from danlu.cli.speech import Speech
from danlu.cli.usage import argparse_says
from danlu.core.errors import UserError
from danlu.core.file_trees import FileTree, send_files
from danlu.core.frames import Channel
from danlu.core.progress import progress
from danlu.core.project import Project, find_project
from danlu.core.ssh import Host, connected
from danlu.core.submitted_jobs import SubmittedJob


def submit(options: Namespace, say: Speech) -> int:
    """Send what is missing there, start the command unless it runs or is done, follow it, and fetch what it made."""
    with argparse_says(say):
        command = sent_command(parser(say), options.command)
    config = str(Path(options.ssh_config).absolute()) if options.ssh_config else ""
    host = Host(options.host, config, options.remote_danlu, options.remote_folder)
    project = find_project(Path.cwd()) if command.is_project else None
    trees = project_trees(project, options.command, say) if project else command.trees()
    job = _job(command, options, host, trees, project)
    _check_out(job, trees)
    with connected(host) as channel:
        found = channel.ask("job", id=job.id)
        if found["state"] == "absent":
            job = replace(job, read={}, is_fetched=False)
        if found["state"] == "ended" and found["status"] == 0:
            job = job.but(state="ended", status=0)
            tell(say("the job {id} is done on {host} already", id=job.id, host=host.address))
        elif found["state"] == "running":
            tell(say("the job {id} runs on {host} already", id=job.id, host=host.address))
        else:
            jobs_here().save(job.but(state="not started"))
            _start(channel, command, job, trees, project, say)
        jobs_here().save(job)
        if options.detach:
            tell(say("follow it, and fetch what it makes: danlu jobs follow {id}", id=job.id))
            return 0
        return followed(channel, job, say)


def _job(
    command: SentCommand, options: Namespace, host: Host, trees: dict[Path, FileTree], project: Project | None
) -> SubmittedJob:
    """The job, with what is known of an earlier submission of it."""
    ids = {path: tree.id for path, tree in trees.items()}
    folder = project.folder.resolve() if project else None
    id = command.id(ids, ids[folder] if folder else "", host.address)
    out = folder or (command.out or Path()).absolute()
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    job = SubmittedJob(id, host, tuple(options.command), str(out), now, command.is_project)
    before = jobs_here().known(id)
    if before is None:
        return job
    # A project that is submitted again wants its release current again.
    return replace(job, read=before.read, is_fetched=before.is_fetched and before.out == job.out and not project)


def _check_out(job: SubmittedJob, trees: dict[Path, FileTree]) -> None:
    """Raises UserError when what is made could not be put into its place."""
    out = Path(job.out)
    if job.is_project:
        return
    outside_of(list(trees), out)
    if out.exists() and any(out.iterdir()) and not job.is_fetched:
        raise UserError("{out} holds something else already", "Name a new folder after --out.", out=out)


def _start(
    channel: Channel,
    command: SentCommand,
    job: SubmittedJob,
    trees: dict[Path, FileTree],
    project: Project | None,
    say: Speech,
) -> None:
    sent = {path: _sent(channel, path, tree, job, say) for path, tree in trees.items()}
    for path, (_, missing) in sent.items():
        if not project or path == Path(job.out):
            _tell_sent(path, trees[path], missing, say)
    if project and len(trees) > 1:
        beside = {Path(job.out), Path(job.out) / FORGOTTEN}
        _tell_artifacts([missing for path, (_, missing) in sent.items() if path not in beside], say)
    called = {path: there for path, (there, _) in sent.items()}
    names = {} if project else names_there(list(trees))
    answer = channel.ask(
        "start",
        id=job.id,
        arguments=command.arguments(called | names, say.language),
        linked=[(called[path], name) for path, name in names.items()],
        laid=places(project, called) if project else [],
        place=project.folder.resolve().name if project else ".",
    )
    if answer["started"]:
        tell(say("started the job {id} on {host}", id=job.id, host=job.host.address))
    elif channel.ask("job", id=job.id)["state"] == "running":  # another `danlu submit` was quicker
        tell(say("the job {id} runs on {host} already", id=job.id, host=job.host.address))
    else:
        raise UserError(
            "The job {id} ended on {host}, but a process that it started is still at work in its folder",
            "Wait until that has ended, or end it there, then submit again.",
            id=job.id,
            host=job.host.address,
        )


def _sent(channel: Channel, path: Path, tree: FileTree, job: SubmittedJob, say: Speech) -> tuple[str, frozenset[str]]:
    """Send what is missing there of a file or folder; returns what it is called there, and what was missing."""
    channel.send({"ask": "input", "id": tree.id, "job": job.id, "name": tree.name})
    channel.send({"tree": True}, tree.listing())
    found, _ = channel.receive()
    missing = frozenset(found["missing"])
    if missing:
        with progress(say("send")) as display:
            send_files(channel, path, tree, missing, display)
    channel.receive()
    return str(found["path"]), missing


def _tell_sent(path: Path, tree: FileTree, missing: frozenset[str], say: Speech) -> None:
    if missing:
        size = sum(file.size_bytes for file in tree.files if file.place in missing) / 1e6
        count, whole = len(missing), len(tree.files)
        tell(say("sent {path}: {count} files of {all}, {size:.1f} MB", path=path, count=count, all=whole, size=size))
    else:
        tell(say("{path} is there already", path=path))
    if tree.left_out:
        tell(
            say(
                "  {count} files and folders of it stay here: hidden ones, and environments of Python",
                count=tree.left_out,
            )
        )


def _tell_artifacts(missing: list[frozenset[str]], say: Speech) -> None:
    count = sum(1 for each in missing if each)
    tell(
        say(
            "sent {count} of {all} artifacts that are done here; the others are there already",
            count=count,
            all=len(missing),
        )
    )
