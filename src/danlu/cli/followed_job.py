"""A job on another machine until its end: what it prints, and how it ended."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from danlu.cli.fetched_job import fetched, tell
from danlu.cli.fetched_project import fetched_project
from danlu.cli.given import user_cache
from danlu.cli.speech import Speech
from danlu.core.errors import UserError, WorkFailed
from danlu.core.frames import Channel
from danlu.core.job_folder import STREAMS
from danlu.core.store import only_writer
from danlu.core.submitted_jobs import SubmittedJob, SubmittedJobs

_CTRL_C = 130
_GO_ON = (
    "The same submit goes on with it. Memory that ran out is the usual reason; a machine that was started anew another."
)


def jobs_here() -> SubmittedJobs:
    """What is known here of jobs elsewhere."""
    return SubmittedJobs(user_cache() / "submitted")


def followed(channel: Channel, job: SubmittedJob, say: Speech) -> int:
    """Show what the job prints until it ends, fetch what it made, and return its exit status."""
    job, ended = shown(channel, job, say)
    return concluded(channel, job, ended, say)


def shown(channel: Channel, job: SubmittedJob, say: Speech) -> tuple[SubmittedJob, dict[str, Any]]:
    """Show what the job prints, from where that was left, until it ends; returns what is known of its end.

    Ctrl+C ends the showing and not the job.
    """
    read = dict(job.read)
    with _leaving(job, say):
        channel.send({"ask": "follow", "id": job.id, "read": read})
        facts, printed = channel.receive()
        while "stream" in facts:
            if printed:
                _show(facts["stream"], printed)
                read[facts["stream"]] = read.get(facts["stream"], 0) + len(printed)
                job = jobs_here().save(job.but(read=read))
            facts, printed = channel.receive()
    return job, facts


@contextmanager
def _leaving(job: SubmittedJob, say: Speech) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        tell(
            say("\nthe job goes on there; back to it: danlu jobs follow {id}; end it: danlu jobs stop {id}", id=job.id)
        )
        raise SystemExit(_CTRL_C) from None


def _show(stream: str, printed: bytes) -> None:
    shows = sys.stdout if stream == STREAMS[0] else sys.stderr
    shows.flush()
    shows.buffer.write(printed)
    shows.flush()


def concluded(channel: Channel, job: SubmittedJob, ended: Mapping[str, Any], say: Speech) -> int:
    """What follows from how the job ended: its artifact is fetched, or the exit status says that there is none.

    Raises UserError when it runs or is not there, WorkFailed when it was killed.
    """
    state, status = ended["state"], ended["status"]
    if state == "absent":
        raise UserError(
            "{host} has no job {id}",
            "It was removed there, or never started. The same submit runs it: danlu submit {host} {command}",
            host=job.host.address,
            id=job.id,
            command=job.shown,
        )
    if state == "running":
        raise UserError("The job {id} is running", "danlu jobs follow {id}", id=job.id)
    job = jobs_here().save(job.but(state=state, status=status))
    if state == "gone" or status < 0:
        raise _killed(job, ended)
    if status:
        tell(
            say("the job {id} ended with status {status}; the same submit takes it up again", id=job.id, status=status)
        )
    else:
        with only_writer(jobs_here().folder / job.id):
            (fetched_project if job.is_project else fetched)(channel, job, say)
        jobs_here().save(job.but(is_fetched=True))
    return int(status)


def _killed(job: SubmittedJob, ended: Mapping[str, Any]) -> WorkFailed:
    last = ended["last"] or "-"
    if ended["state"] == "gone":
        return WorkFailed(
            "The job {id} is gone from {host}, and left no exit status. Its last lines:\n{last}",
            _GO_ON,
            id=job.id,
            host=job.host.address,
            last=last,
        )
    return WorkFailed(
        "The job {id} was killed on {host} by {signal}. Its last lines:\n{last}",
        _GO_ON,
        id=job.id,
        host=job.host.address,
        signal=signal.Signals(-ended["status"]).name,
        last=last,
    )
