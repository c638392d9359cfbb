"""join: this machine's share of a training that another one started."""

from argparse import Namespace

from danlu.cli.speech import Speech


def join(options: Namespace, say: Speech) -> None:
    """Work until the training is over."""
    from danlu.loop.launch import join_job

    join_job(options.folder)
    print(say("the training of {folder} is over", folder=options.folder))
