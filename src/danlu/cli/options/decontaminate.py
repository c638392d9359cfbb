"""decontaminate."""

from danlu.cli.commands import Commands, artifact_options, documents_arguments
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    decontaminate = commands.add(
        "decontaminate",
        "decontaminate:decontaminate",
        say("find evaluation items in documents and take them out"),
        "danlu decontaminate corpus --against benchmarks/ --out clean --set decontaminate.policy=paragraph",
    )
    documents_arguments(decontaminate, say)
    decontaminate.add_argument(
        "--against",
        nargs="+",
        required=True,
        metavar="PATH",
        help=say(
            "files or folders of evaluation items (JSON lines, JSON, Parquet, CSV), or a danlu artifact of questions"
        ),
    )
    decontaminate.add_argument(
        "--waive", metavar="FILE", help=say("waivers: JSON lines of check, item, reason and by; they stay in sight")
    )
    decontaminate.add_argument(
        "--show", type=int, default=3, metavar="N", help=say("matches shown side by side; default 3")
    )
    artifact_options(decontaminate, say)
