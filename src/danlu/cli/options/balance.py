"""balance."""

from pathlib import Path

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    balance = commands.add(
        "balance",
        "balance:balance",
        say("report what a corpus consists of; even out groups; add counterfactuals"),
        "danlu balance corpus --out report --group-by language",
    )
    balance.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders and files of documents"),
    )
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
    balance.add_argument(
        "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
    )
    balance.add_argument("--seed", type=int, default=0, help=say("number that all chance follows from (default 0)"))
    balance.add_argument("--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing"))
    set_option(balance, say)
    machine_options(balance, say)
    json_option(balance, say)
