"""doctor."""

from danlu.cli.commands import Commands, json_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    doctor = commands.add(
        "doctor",
        "doctor:doctor",
        say("what this machine can run, what is missing, and the command that mends it"),
        "danlu doctor --online",
    )
    doctor.add_argument("--online", action="store_true", help=say("also ask whether the model hubs answer"))
    json_option(doctor, say)
