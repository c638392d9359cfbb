"""split, take."""

from danlu.cli.commands import Commands, artifact_options, documents_arguments, json_option, out_option, seed_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add both commands."""
    split = commands.add(
        "split",
        "split:split",
        say("part documents into training, validation and test, so that nothing leaks from one into another"),
        "danlu split corpus --out parted --set split.test_share=0.1 --set split.stratify_by=language",
    )
    documents_arguments(split, say)
    seed_option(split, say)
    artifact_options(split, say)
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
    out_option(take, say)
    json_option(take, say)
