"""deduplicate, pairs."""

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add both commands."""
    deduplicate = commands.add(
        "deduplicate",
        "deduplicate:deduplicate",
        say("keep one document of each set of exact and near duplicates"),
        "danlu deduplicate corpus --out single --set deduplicate.near_threshold=0.7",
    )
    deduplicate.add_argument(
        "paths",
        nargs="+",
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders or files of documents; referenced, not copied"),
    )
    deduplicate.add_argument(
        "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
    )
    deduplicate.add_argument(
        "--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing")
    )
    set_option(deduplicate, say)
    machine_options(deduplicate, say)
    json_option(deduplicate, say)
    pairs = commands.add(
        "pairs",
        "deduplicate:pairs",
        say("show near duplicates side by side, the least similar first"),
        "danlu pairs single --limit 5",
    )
    pairs.add_argument("corpus", metavar="DIR", help=say("a folder that `danlu deduplicate` wrote"))
    pairs.add_argument("--limit", type=int, default=10, metavar="N", help=say("how many; default 10"))
    json_option(pairs, say)
