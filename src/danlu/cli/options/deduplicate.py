"""deduplicate, pairs, repeats."""

from danlu.cli.commands import Commands, artifact_options, documents_arguments, json_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    deduplicate = commands.add(
        "deduplicate",
        "deduplicate:deduplicate",
        say("keep one document of each set of exact and near duplicates"),
        "danlu deduplicate corpus --out single --set deduplicate.near_threshold=0.7",
    )
    documents_arguments(deduplicate, say)
    artifact_options(deduplicate, say)
    pairs = commands.add(
        "pairs",
        "deduplicate:pairs",
        say("show near duplicates side by side, the least similar first"),
        "danlu pairs single --limit 5",
    )
    pairs.add_argument("corpus", metavar="DIR", help=say("a folder that `danlu deduplicate` wrote"))
    pairs.add_argument("--limit", type=int, default=10, metavar="N", help=say("how many; default 10"))
    json_option(pairs, say)
    repeats = commands.add(
        "repeats",
        "deduplicate:repeats",
        say("show the passages and lines that were cut, and where they stay"),
        "danlu repeats single --limit 5",
    )
    repeats.add_argument("corpus", metavar="DIR", help=say("a folder that `danlu deduplicate` wrote"))
    repeats.add_argument("--limit", type=int, default=10, metavar="N", help=say("how many; default 10"))
    json_option(repeats, say)
