"""forget: carry out orders to forget, list them, check their records."""

import json
import sys
from argparse import Namespace
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.orders import Verified, cut_off, lift, now, verify
from danlu.answer.forgetting.places import Elsewhere
from danlu.answer.state import State
from danlu.cli.forget_page import print_order, print_orders, print_purged, print_verified
from danlu.cli.given import user_cache, user_here
from danlu.cli.project import run
from danlu.cli.speech import Speech
from danlu.core.errors import UserError, WorkFailed
from danlu.core.project import Project, find_project
from danlu.core.store import only_writer
from danlu.core.submitted_jobs import SubmittedJobs

if TYPE_CHECKING:
    from danlu.answer.forgetting.forget import Order


def forget(options: Namespace, say: Speech) -> None:
    """Do what the options ask for, in the order: forget, rebuild, purge."""
    from danlu.answer.forgetting.forget import hide, record_of

    project = find_project(Path.cwd())
    _check(options)
    said: dict[str, Any] = {}
    if options.list:
        _list(project, options, say)
        return
    if options.verify:
        _verify(project, options, say)
        return
    order = _order(project, options)
    number, is_new = hide(project, order) if options.document and not options.lift else (0, False)
    made = _finish(project, order, number, is_new)
    if finished := [record for record in made if record.body["resumed"]]:
        said["finished"] = [record.body for record in finished]
    for record in finished if not options.json else ():
        print(say("An order that was cut off is finished:"))
        print_order(record, False, _current(project), say)
    if options.lift:
        said["lifted"] = _lift(project, options, say).body
    elif number:
        record = record_of(project, number)
        said["forgotten"] = record.body
        if not options.json and record.number not in {one.number for one in finished}:
            print_order(record, not is_new, _current(project), say)
    if options.rebuild:
        said["release"] = _rebuild(project, options, say)
    if options.purge:
        said["purged"] = _purge(project, options, say)
    if options.json:
        print(json.dumps(said, indent=2, ensure_ascii=False))


def _check(options: Namespace) -> None:
    alone = [name for name in ("list", "verify", "lift") if getattr(options, name)]
    others = [name for name in ("rebuild", "purge") if getattr(options, name)]
    if (
        len(alone) > 1
        or (alone and others and alone != ["lift"])
        or (alone and alone[0] != "lift" and options.document)
    ):
        raise UserError(
            "--{name} goes alone",
            "Give the options one at a time: danlu forget --list",
            name=alone[0],
        )
    if not options.document and (options.lift or not (alone or others)):
        raise UserError(
            "No document is named",
            "Name it as citations show it: danlu forget docs/contracts/2019.pdf. `danlu forget --list` shows earlier orders.",
        )


def _finish(project: Project, order: "Order", number: int, is_new: bool) -> list[Record]:
    """Carry out what is on the list without a record: the order `number`, and any that was cut off before.

    Raises WorkFailed while another command is writing: the document of the order is hidden then, and the rest of it waits.
    """
    from danlu.answer.forgetting.forget import finish

    waiting = cut_off(State.of(project).folder)
    if number and not waiting:
        return []
    with ExitStack() as stack:
        try:
            stack.enter_context(only_writer(project.state))
        except UserError:
            if not number:
                raise
            raise WorkFailed(
                "Hidden from every answer from now on: {names}. The rest of the order waits, since another danlu run is writing to {folder}",
                "When that has ended: danlu forget {name}",
                names=", ".join(waiting),
                folder=project.state,
                name=order.name,
            ) from None
        return finish(project, order, number if is_new else 0)


def _order(project: Project, options: Namespace) -> "Order":
    from danlu.answer.forgetting.forget import Order

    return Order(options.document or "", user_here(), Path.cwd(), _elsewhere(project))


def _lift(project: Project, options: Namespace, say: Speech) -> Record:
    with only_writer(project.state):
        record = lift(project, options.document, user_here(), Path.cwd())
    if not options.json:
        names = ", ".join(record.body["names"])
        print(say("no longer forgotten: {names} (record {record}). The next `danlu refresh` or `danlu run` reads it again.", names=names, record=record.number))  # fmt: skip
    return record


def _rebuild(project: Project, options: Namespace, say: Speech) -> str:
    """Run what is missing; beside JSON its lines go where messages go."""
    with redirect_stdout(sys.stderr if options.json else sys.stdout):
        run(options, say)
    return State.of(project).current()


def _purge(project: Project, options: Namespace, say: Speech) -> list[dict[str, Any]]:
    from danlu.answer.forgetting.purge import purge

    with only_writer(project.state):
        record, _ = purge(project, user_here(), now())
    deleted: list[dict[str, Any]] = record.body["artifacts"] if record else []
    if not options.json:
        print_purged(deleted, say)
    return deleted


def _list(project: Project, options: Namespace, say: Speech) -> None:
    known = forgotten_record.records(State.of(project).folder)
    if options.json:
        print(json.dumps([record.body for record in known], indent=2, ensure_ascii=False))
        return
    print_orders(known, say)
    for name in cut_off(State.of(project).folder):
        print(say("The order to forget {name} was cut off: `danlu forget {name}` finishes it", name=name))


def _verify(project: Project, options: Namespace, say: Speech) -> None:
    found = verify(project)
    if options.json:
        print(json.dumps(vars(found), indent=2, ensure_ascii=False))
    else:
        print_verified(found, say)
    _fail(found)


def _fail(found: Verified) -> None:
    if found.problems:
        number, problem = found.problems[0]
        raise WorkFailed(
            "The records of what was forgotten do not hold: record {number}: {problem}",
            "Put the files of .danlu/state/forgotten back from a copy.",
            number=number,
            problem=problem,
        )
    if found.returned:
        name, record = found.returned[0]
        raise WorkFailed(
            "{name} holds the text that record {record} forgot", "danlu forget {name}", name=name, record=record
        )


def _current(project: Project) -> str:
    state = State.of(project)
    return state.current() if state.has_release() else ""


def _elsewhere(project: Project) -> Elsewhere:
    """The caches of this user, the jobs that were sent this project, and the remote of danlu.yaml."""
    cache = user_cache()
    folders = [cache / name for name in ("replies.sqlite", "stand-alone", "jobs")]
    here = str(project.folder.resolve())
    sent = [job for job in SubmittedJobs(cache / "submitted").all() if str(Path(job.out).resolve()) == here]
    jobs = [f"{job.id} {job.host.address}" for job in sent]
    return Elsewhere(folders, jobs, project.remote, lambda: _in_remote(project))


def _in_remote(project: Project) -> list[str]:
    from danlu.cli.remote import remote_of
    from danlu.data.remote.pull import ids_in

    return ids_in(remote_of(None, project))
