"""push, pull."""

from danlu.cli.commands import Commands, json_option, out_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add both commands."""
    push = commands.add(
        "push",
        "remote:push",
        say("send artifacts, and what they were made from, to a team's remote"),
        "danlu push corpus --remote s3://data/danlu",
    )
    push.add_argument(
        "artifacts",
        nargs="*",
        metavar="ARTIFACT",
        help=say("folders of artifacts, or ids in a project; all of the project when none is named"),
    )
    pull = commands.add(
        "pull",
        "remote:pull",
        say("fetch an artifact by its id and check every byte"),
        "danlu pull b30c7a460533 --remote s3://data/danlu --out corpus",
    )
    pull.add_argument("id", nargs="?", metavar="ID", help=say("an artifact's id, or the start of one"))
    out_option(pull, say, is_required=False)
    pull.add_argument("--parents", action="store_true", help=say("in a project: also what it was made from"))
    pull.add_argument("--list", action="store_true", help=say("list what the remote holds"))
    for command in (push, pull):
        command.add_argument(
            "--remote",
            metavar="ADDRESS",
            help=say(
                "a folder, s3://bucket/path, oss://bucket/path or ssh://user@host/path; `remote:` of danlu.yaml otherwise"
            ),
        )
        json_option(command, say)
