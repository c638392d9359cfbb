"""balance."""

from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments, seed_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    balance = commands.add(
        "balance",
        "balance:balance",
        say("report what a corpus consists of; even out groups; add counterfactuals"),
        "danlu balance corpus --out report --group-by language",
    )
    documents_arguments(balance, say)
    balance.add_argument(
        "--group-by",
        metavar="FIELD",
        help=say("language, source, licence, a field of meta, or gender (default: language)"),
    )
    balance.add_argument(
        "--label-by", metavar="FIELD", help=say("a field of meta with labels: weights make it independent")
    )
    balance.add_argument(
        "--words", type=Path, metavar="YAML", help=say("groups by word lists instead: group: [word, ...]")
    )
    balance.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="GROUP=SHARE",
        help=say("share that a group should have, again for each group (default: equal shares)"),
    )
    kind = balance.add_mutually_exclusive_group()
    kind.add_argument("--resample", action="store_true", help=say("write a corpus that has these shares, not a report"))
    kind.add_argument(
        "--swap", metavar="LIST", help=say("write a corpus with counterfactuals instead, of: gender,names,places")
    )
    seed_option(balance, say)
    artifact_options(balance, say)
