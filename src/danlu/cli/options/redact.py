"""redact."""

from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments, seed_option
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
    documents_arguments(redact, say)
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
    seed_option(redact, say)
    artifact_options(redact, say)
