"""synthesize."""

from pathlib import Path

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech

KINDS = "heading,definition,faq,table,cloze,title,extract"
MODEL_KINDS = "question,summarise,rewrite,classify"


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    synthesize = commands.add(
        "synthesize",
        "synthesize:synthesize",
        say("make questions with verbatim answers, and instructions, from documents"),
        "danlu synthesize corpus --out pairs",
    )
    synthesize.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders and files of documents"),
    )
    synthesize.add_argument(
        "--kinds", metavar="LIST", help=say("what is made without a model, of: {kinds}", kinds=KINDS)
    )
    model = synthesize.add_mutually_exclusive_group()
    model.add_argument(
        "--model",
        nargs=2,
        metavar=("URL", "NAME"),
        help=say("also ask a model behind an OpenAI-compatible address; its key comes from DANLU_LABEL_KEY"),
    )
    model.add_argument(
        "--gguf", type=Path, metavar="FILE", help=say("also ask a model in a GGUF file, run on this machine")
    )
    synthesize.add_argument(
        "--model-kinds", metavar="LIST", help=say("what the model is asked for, of: {kinds}", kinds=MODEL_KINDS)
    )
    synthesize.add_argument(
        "--price",
        nargs=2,
        type=float,
        metavar=("IN", "OUT"),
        help=say("price of a million tokens of prompts and of replies: what the run cost is told"),
    )
    synthesize.add_argument(
        "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
    )
    synthesize.add_argument("--seed", type=int, default=0, help=say("number that all chance follows from (default 0)"))
    synthesize.add_argument(
        "--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing")
    )
    set_option(synthesize, say)
    machine_options(synthesize, say)
    json_option(synthesize, say)
