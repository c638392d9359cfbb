"""split, take."""

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add both commands."""
    split = commands.add(
        "split",
        "split:split",
        say("part documents into training, validation and test, so that nothing leaks from one into another"),
        "danlu split corpus --out parted --set split.test_share=0.1 --set split.stratify_by=language",
    )
    split.add_argument(
        "paths",
        nargs="+",
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders or files of documents; referenced, not copied"),
    )
    split.add_argument("--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0"))
    split.add_argument("--seed", type=int, default=0, help=say("another number draws other sides; default 0"))
    take = commands.add(
        "take",
        "split:take",
        say("make one side of a split a corpus of its own"),
        "danlu take parted --side train --out training",
    )
    take.add_argument("split", metavar="DIR", help=say("a folder that `danlu split` wrote"))
    take.add_argument(
        "--side", choices=("train", "validation", "test"), default="train", help=say("which side; default train")
    )
    for command in (split, take):
        command.add_argument(
            "--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing")
        )
        json_option(command, say)
    set_option(split, say)
    machine_options(split, say)
