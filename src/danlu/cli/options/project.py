"""init, plan, run, refresh, show."""

from danlu.cli.commands import (
    Commands,
    json_option,
    licence_option,
    machine_options,
    process_options,
    set_option,
    watch_options,
)
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    _init(commands, say)
    plan = commands.add("plan", "project:plan", say("print the stages and what is already done"), "danlu plan")
    set_option(plan, say)
    json_option(plan, say)
    run = commands.add(
        "run",
        "project:run",
        say("run what is missing, then make its release current"),
        "danlu run --set clean.rules=web",
    )
    run.add_argument("--until", metavar="STAGE", help=say("stop after this stage"))
    set_option(run, say)
    machine_options(run, say)
    process_options(run, say)
    watch_options(run, say)
    refresh = commands.add(
        "refresh",
        "refresh:refresh",
        say("bring the live index up to the source folders: new, changed and deleted files, nothing else"),
        "danlu refresh",
    )
    refresh.add_argument("--check", action="store_true", help=say("only tell what changed"))
    json_option(refresh, say)
    show = commands.add(
        "show", "project:show", say("show artifacts, their figures, and rejects by rule"), "danlu show evaluate"
    )
    show.add_argument(
        "id",
        nargs="?",
        metavar="ID",
        help=say("an artifact's id, the start of one, a stage's name, or the folder of an artifact"),
    )
    json_option(show, say)


def _init(commands: Commands, say: Speech) -> None:
    init = commands.add(
        "init",
        "project:init",
        say("make a project from documents"),
        "danlu init handbook --recipe knowledge-bot --docs ./manuals",
    )
    init.add_argument("dir", metavar="DIR", help=say("the project's folder; made when missing"))
    init.add_argument("--recipe", default="knowledge-bot", help=say("what to build: knowledge-bot"))
    init.add_argument(
        "--docs",
        nargs="+",
        required=True,
        metavar="PATH",
        help=say("folders or files of documents; referenced, not copied"),
    )
    licence_option(init, say)
