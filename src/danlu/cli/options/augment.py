"""augment."""

from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments, seed_option
from danlu.cli.speech import Speech

METHODS = "synonyms,grammar,back_translation,keyboard,misread,homophones,dropped,case"


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    augment = commands.add(
        "augment",
        "augment:augment",
        say("add variants of documents: synonyms, other grammar, back-translation, typing errors"),
        "danlu augment corpus --out more --methods synonyms,grammar",
    )
    documents_arguments(augment, say)
    augment.add_argument(
        "--methods", metavar="LIST", help=say("methods, joined by commas, of: {methods}", methods=METHODS)
    )
    augment.add_argument(
        "--wordnet", type=Path, metavar="DIR", help=say("folder of WordNet's files (default: /usr/share/wordnet)")
    )
    augment.add_argument(
        "--translator",
        nargs=2,
        type=Path,
        metavar=("ZH_EN", "EN_ZH"),
        help=say("two folders with translation models of transformers, for back_translation"),
    )
    seed_option(augment, say)
    artifact_options(augment, say)
