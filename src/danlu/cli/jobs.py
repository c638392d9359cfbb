"""jobs: what became of the jobs that were submitted to other machines."""

import json
from argparse import Namespace
from dataclasses import asdict

from danlu.cli.fetched_job import tell
from danlu.cli.followed_job import concluded, followed, jobs_here, shown
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.ssh import connected
from danlu.core.submitted_jobs import SubmittedJob


def list_(options: Namespace, say: Speech) -> None:
    """List the jobs as they were seen last: no machine is asked."""
    jobs = jobs_here().all()
    if options.json:
        print(json.dumps([asdict(job) for job in jobs], indent=2, ensure_ascii=False))
        return
    if not jobs:
        print(say("No job was submitted from here"))
        return
    rows = [[job.id, job.host.address, _seen(job, say), job.submitted[:19], job.shown] for job in jobs]
    print_table([say("id"), say("host"), say("seen last"), say("submitted"), say("command")], rows)


def _seen(job: SubmittedJob, say: Speech) -> str:
    if job.state == "ended" and job.status == 0:
        return say("done, here") if job.is_fetched else say("done, not here")
    if job.state == "ended":
        return say("failed ({status})", status=job.status)
    return {"running": say("running"), "not started": say("not started")}.get(job.state, say("gone"))


def follow(options: Namespace, say: Speech) -> int:
    """Show what a job prints from where that was left, and fetch what it makes."""
    job = jobs_here().find(options.job)
    with connected(job.host) as channel:
        return followed(channel, job, say)


def fetch(options: Namespace, say: Speech) -> int:
    """Fetch what a job made."""
    job = jobs_here().find(options.job)
    with connected(job.host) as channel:
        return concluded(channel, job, channel.ask("job", id=job.id), say)


def stop(options: Namespace, say: Speech) -> None:
    """Ask a job to end, and show what it prints until it does."""
    job = jobs_here().find(options.job)
    with connected(job.host) as channel:
        if not channel.ask("stop", id=job.id)["asked"]:
            tell(say("the job {id} does not run", id=job.id))
            return
        tell(say("the job {id} was asked to end", id=job.id))
        job, ended = shown(channel, job, say)
        jobs_here().save(job.but(state=ended["state"], status=ended["status"]))


def remove(options: Namespace, say: Speech) -> None:
    """Delete a job there, with the inputs that no other job reads, and what is known of it here."""
    job = jobs_here().find(options.job)
    with connected(job.host) as channel:
        count = channel.ask("remove", id=job.id)["removed_inputs"]
    jobs_here().remove(job)
    tell(say("removed the job {id} and {count} inputs from {host}", id=job.id, count=count, host=job.host.address))
