"""redact."""

from pathlib import Path

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech

POLICIES = ("mask-all", "pseudonymise", "report-only", "drop-secrets")


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    redact = commands.add(
        "redact",
        "redact:redact",
        say("mask, replace or drop personal data, secrets and sensitive words"),
        "danlu redact corpus --out redacted --policy mask-all --set 'redact.types={email: keep}'",
    )
    redact.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders and files of documents"),
    )
    redact.add_argument(
        "--policy",
        choices=POLICIES,
        help=say("what is done with what is found (default mask-all); report-only changes nothing"),
    )
    redact.add_argument(
        "--words",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help=say("word lists: one word, or word<TAB>category, per line; the category is else the file's name"),
    )
    redact.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help=say("secret that pseudonyms and hashes of values are made by; without one they follow from --seed"),
    )
    redact.add_argument("--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0"))
    redact.add_argument("--seed", type=int, default=0, help=say("number that all chance follows from (default 0)"))
    redact.add_argument("--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing"))
    set_option(redact, say)
    machine_options(redact, say)
    json_option(redact, say)
