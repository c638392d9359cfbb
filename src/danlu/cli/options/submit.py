"""submit, jobs."""

import argparse

from danlu.cli.commands import Commands, json_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command and the group."""
    submit = commands.add(
        "submit",
        "submit:submit",
        say("run one of danlu's commands on another machine by ssh, and fetch what it makes"),
        "danlu submit alice@gpu1 pretrain manuals --out model --preset small",
    )
    submit.add_argument(
        "--detach",
        action="store_true",
        help=say("end when the job has started there; danlu jobs follow comes back to it"),
    )
    submit.add_argument(
        "--remote-danlu",
        default="danlu",
        metavar="PROGRAM",
        help=say("danlu there, such as venv/bin/danlu below the home (default danlu)"),
    )
    submit.add_argument(
        "--remote-folder",
        default="",
        metavar="DIR",
        help=say("folder there for jobs and what is sent (default .cache/danlu/jobs below the home)"),
    )
    submit.add_argument(
        "--ssh-config", default="", metavar="FILE", help=say("configuration of ssh instead of ~/.ssh/config")
    )
    submit.add_argument(
        "host", metavar="HOST", help=say("the machine, as ssh takes it: HOST, USER@HOST, ssh://USER@HOST:PORT")
    )
    submit.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND …",
        help=say(
            "the command with its options, as it would be typed here after danlu; options of submit stand before HOST"
        ),
    )
    _jobs(commands, say)


def _jobs(commands: Commands, say: Speech) -> None:
    group = commands.group("jobs", say("jobs on other machines: list, follow, fetch, stop, remove"))
    json_option(
        group.add("list", "jobs:list_", say("list the jobs that were submitted from here"), "danlu jobs list"), say
    )
    for name, help in (
        ("follow", say("show what a job prints from where that was left, and fetch what it makes")),
        ("fetch", say("fetch and check what a job made")),
        ("stop", say("ask a job to end: a training saves first, and the same submit goes on from there")),
        ("remove", say("delete a job on the other machine, with what only it reads there")),
    ):
        command = group.add(name, f"jobs:{name}", help, f"danlu jobs {name}")
        command.add_argument(
            "job", nargs="?", metavar="JOB", help=say("a job's id, or the start of one; the newest when none is named")
        )
    group.add(
        "answer",
        "job_answer:answer",
        say("the other machine's end of danlu submit, which starts it there; not for people"),
        "ssh HOST danlu jobs answer",
    )
