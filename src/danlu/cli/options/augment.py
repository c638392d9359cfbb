"""augment."""

from pathlib import Path

from danlu.cli.commands import Commands, json_option, machine_options, set_option
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
    augment.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders and files of documents"),
    )
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
    augment.add_argument(
        "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
    )
    augment.add_argument("--seed", type=int, default=0, help=say("number that all chance follows from (default 0)"))
    augment.add_argument("--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing"))
    set_option(augment, say)
    machine_options(augment, say)
    json_option(augment, say)
