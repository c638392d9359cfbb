"""split, take: a corpus in sides that share nothing, and one side as a corpus of its own."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import inputs_of, outside_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes import single_split


def split(options: Namespace, say: Speech) -> None:
    """Part documents into training, validation and test."""
    plan = single_split.split_plan(inputs_of(options), options.licence, settings_of(options), options.seed)
    make(plan, options, say)


def take(options: Namespace, say: Speech) -> None:
    """Make one side of a split a corpus of its own."""
    [folder] = outside_of([options.split], Path(options.out))
    make(single_split.take_plan(folder, options.side), options, say)
