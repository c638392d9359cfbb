"""head translate, head summarise: models that turn a text into another."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import outside_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes import single_seq2seq


def translate(options: Namespace, say: Speech) -> None:
    """Fit a model that translates."""
    _fit(options, say, "translate")


def summarise(options: Namespace, say: Speech) -> None:
    """Fit a model that summarises."""
    _fit(options, say, "summarise")


def _fit(options: Namespace, say: Speech, task: str) -> None:
    outside_of([], Path(options.out))
    pairs = single_seq2seq.Pairs(options.data, options.parallel)
    settings = settings_of(options, {"seq2seq.task": task})
    make(single_seq2seq.seq2seq_plan(pairs, options.base, settings, options.seed), options, say)
