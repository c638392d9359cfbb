"""synthesize."""

from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments, seed_option
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
    documents_arguments(synthesize, say)
    synthesize.add_argument(
        "--kinds", metavar="LIST", help=say("what is made without a model, of: {kinds}", kinds=KINDS)
    )
    model = synthesize.add_mutually_exclusive_group()
    model.add_argument(
        "--model",
        nargs=2,
        metavar=("URL", "NAME"),
        help=say("also ask a model behind an OpenAI-compatible address; its key comes from DANLU_ENDPOINT_KEY"),
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
    seed_option(synthesize, say)
    artifact_options(synthesize, say)
