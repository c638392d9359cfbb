"""prove."""

from danlu.cli.commands import Commands, json_option
from danlu.cli.speech import Speech

_DESTINATIONS = {"--eval": "evaluation"}
"""Options whose value has another name in the code."""


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    prove = commands.add(
        "prove",
        "prove:run",
        say("check a model that any tool made: is what you serve what you trained?"),
        "danlu prove ./merged --base ./base --adapter ./adapter --data train.jsonl",
    )
    prove.add_argument("checkpoint", metavar="CHECKPOINT", help=say("folder of the model, or of an adapter"))
    for option, meaning in (
        ("--base", say("folder of the model that was tuned")),
        ("--adapter", say("folder of the adapter that was merged")),
        ("--data", say("training rows: ShareGPT, Alpaca, OpenAI messages, prompt and completion")),
        ("--template", say("how the trainer writes conversations: TOOL:NAME or TOOL:CONFIGURATION")),
        ("--tokens", say("token ids and labels as the trainer prepared them")),
        ("--eval", say("evaluation items, looked for in the training rows")),
        ("--waive", say("findings that are accepted, each with a reason")),
        ("--against", say("what is served or exported: a URL, a GGUF or ONNX file, a folder")),
        ("--model", say("name to ask the server for; its key comes from DANLU_PROVE_KEY")),
        ("--only", say("run one check, or one group, such as config.eos or template")),
        ("--html", say("write a page in English and Chinese")),
    ):
        prove.add_argument(option, metavar=option.strip("-").upper(), help=meaning, dest=_DESTINATIONS.get(option))
    prove.add_argument(
        "--allow-remote-code", action="store_true", help=say("run the code that lies in the model's folder")
    )
    json_option(prove, say)
