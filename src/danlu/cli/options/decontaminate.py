"""decontaminate."""

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    decontaminate = commands.add(
        "decontaminate",
        "decontaminate:decontaminate",
        say("find evaluation items in documents and take them out"),
        "danlu decontaminate corpus --against benchmarks/ --out clean --set decontaminate.policy=paragraph",
    )
    decontaminate.add_argument(
        "paths",
        nargs="+",
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders or files of documents; referenced, not copied"),
    )
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
    decontaminate.add_argument(
        "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
    )
    decontaminate.add_argument(
        "--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing")
    )
    set_option(decontaminate, say)
    machine_options(decontaminate, say)
    json_option(decontaminate, say)
