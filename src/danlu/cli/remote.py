"""push, pull: artifacts to and from a team's remote."""

import json
import os
from argparse import Namespace
from pathlib import Path

from danlu.answer.uses.promotion import check_may_leave
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.artifacts import MANIFEST, Artifact
from danlu.core.errors import UserError
from danlu.core.execute import is_done
from danlu.core.progress import progress
from danlu.core.project import PROJECT_FILE, Project, find_project
from danlu.core.store import Store, only_writer, open_artifact
from danlu.data.remote.address import Remote, open_remote
from danlu.data.remote.pull import Pointer, ids_in, pointer_of
from danlu.data.remote.pull import pull as fetch
from danlu.data.remote.push import Pushed
from danlu.data.remote.push import push as send


def push(options: Namespace, say: Speech) -> None:
    """Send artifacts, and what they were made from, to the remote."""
    project = project_here()
    remote = remote_of(options.remote, project)
    named = [named_artifact(name, project) for name in options.artifacts] or _all(project)
    sent: dict[str, Pushed] = {}
    missing: dict[str, str] = {}
    if project is not None:
        check_may_leave(project, [one for artifact in named for one in _with_parents(artifact, project, {})])
    for artifact in named:
        for one in _with_parents(artifact, project, missing):
            if one.id not in sent:
                with progress(one.manifest.stage) as display:
                    sent[one.id] = send(one, remote, display)
    if options.json:
        rows = [_sent_facts(pushed) for pushed in sent.values()]
        print(json.dumps({"remote": remote.address, "artifacts": rows, "not here": missing}, indent=2))
        return
    for pushed in sent.values():
        state = say("there already") if pushed.already_there else say("sent")
        count, size = pushed.files, pushed.size_bytes / 1e6
        manifest = pushed.artifact.manifest
        print(say("{state}  {stage} {id}  {count} files, {size:.1f} MB", state=state, stage=manifest.stage, id=manifest.id, count=count, size=size))  # fmt: skip
    for id, child in missing.items():
        print(say("not here, and not sent: {id}, which {child} was made from", id=id, child=child))
    print(say("a colleague gets it with: danlu pull {id} --remote {remote}", id=named[-1].id, remote=remote.address))


def pull(options: Namespace, say: Speech) -> None:
    """Fetch an artifact by its id, into the project's store or a folder."""
    project = project_here()
    remote = remote_of(options.remote, project)
    if options.list or not options.id:
        _list(remote, options, say)
        return
    if project is None and not options.out:
        raise UserError(
            "There is no project here that the artifact could go to", "Name a folder after --out, or go into a project."
        )
    if options.out:
        _pull_one(pointer_of(remote, options.id), remote, Path(options.out), options, say)
        return
    assert project is not None
    with only_writer(project.state):
        waiting, seen = [options.id], set[str]()
        while waiting:
            pointer = pointer_of(remote, waiting.pop())
            seen.add(pointer.id)
            _pull_one(pointer, remote, project.artifacts / pointer.stage / pointer.id, options, say)
            there = set(ids_in(remote)) if options.parents else set()
            waiting += [id for id in pointer.parents if id in there and id not in seen]


def _pull_one(pointer: Pointer, remote: Remote, folder: Path, options: Namespace, say: Speech) -> None:
    here = is_done(folder, pointer.id)
    if not here:
        with progress(pointer.stage) as display:
            fetch(pointer, remote, folder, display)
    if options.json:
        state = "here already" if here else "pulled"
        print(json.dumps({"id": pointer.id, "stage": pointer.stage, "folder": str(folder), "state": state}))
        return
    said = say("here already") if here else say("pulled and checked")
    print(say("{state}  {stage} {id}  {folder}", state=said, stage=pointer.stage, id=pointer.id, folder=folder))


def _list(remote: Remote, options: Namespace, say: Speech) -> None:
    pointers = [pointer_of(remote, id) for id in ids_in(remote)]
    if options.json:
        print(json.dumps([{"id": one.id, "stage": one.stage, "parents": one.parents} for one in pointers], indent=2))
        return
    print_table(
        [say("stage"), say("id"), say("from")], [[one.stage, one.id, ", ".join(one.parents)] for one in pointers]
    )


def _sent_facts(pushed: Pushed) -> dict[str, object]:
    manifest = pushed.artifact.manifest
    state = "there already" if pushed.already_there else "sent"
    facts = {"id": manifest.id, "stage": manifest.stage, "content_hash": manifest.content_hash, "state": state}
    return facts | {"files": pushed.files, "size_bytes": pushed.size_bytes}


def project_here() -> Project | None:
    """The project of this folder or of one above it; None outside of any."""
    here = Path.cwd()
    inside = any((folder / PROJECT_FILE).is_file() for folder in (here, *here.parents))
    return find_project(here) if inside else None


def remote_of(given: str | None, project: Project | None) -> Remote:
    """The remote that is named, or the project's; raises UserError when there is none."""
    address = given or (project.remote if project else "")
    if not address:
        raise UserError(
            "No remote is named", "Give --remote with a folder or an address such as s3://bucket/path, or put `remote:` into danlu.yaml."
        )  # fmt: skip
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "danlu" / "dvc"
    cache.mkdir(parents=True, exist_ok=True)
    return open_remote(address, Path.cwd() if given or project is None else project.folder, cache)


def named_artifact(name: str, project: Project | None) -> Artifact:
    """An artifact by its folder, or in a project by its id, or by its stage when that was run once."""
    if (Path(name) / MANIFEST).is_file() or project is None:
        return open_artifact(Path(name))
    store = Store(project.artifacts)
    of_stage = [one for one in store.all() if one.manifest.stage == name]
    if len(of_stage) > 1:
        ids = ", ".join(one.id for one in of_stage)
        raise UserError("The stage {stage} was run several times: {ids}", "Name one by its id.", stage=name, ids=ids)
    return of_stage[0] if of_stage else store.find(name)


def _all(project: Project | None) -> list[Artifact]:
    if project is None:
        raise UserError(
            "There is no project here whose artifacts could be sent",
            "Name the folder of an artifact: danlu push FOLDER",
        )
    artifacts = Store(project.artifacts).all()
    if not artifacts:
        raise UserError("The project has no artifact yet", "`danlu run` makes them.")
    return artifacts


def _with_parents(artifact: Artifact, project: Project | None, missing: dict[str, str]) -> list[Artifact]:
    """The artifact and all that it was made from and that is here, parents first; what is not here goes into `missing`."""
    lineage: dict[str, Artifact] = {}
    known = {one.id: one for one in Store(project.artifacts).all()} if project else {}
    waiting = [artifact]
    while waiting:
        one = waiting.pop()
        lineage.pop(one.id, None)
        lineage[one.id] = one
        for parent in one.manifest.parents.values():
            if parent in known:
                waiting.append(known[parent])
            elif not parent.startswith("sha256:"):
                missing[parent] = one.id
    return list(reversed(lineage.values()))
