"""head anomaly, head find-anomalies: what a machine's measurements do not foresee."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import outside_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes import single_anomaly


def anomaly(options: Namespace, say: Speech) -> None:
    """Learn a machine's normal operation."""
    outside_of([], Path(options.out))
    named = {f"anomaly.{name}": value for name in ("time", "label") if (value := getattr(options, name))}
    make(
        single_anomaly.anomaly_plan(options.data, options.test, settings_of(options, named), options.seed), options, say
    )


def find_anomalies(options: Namespace, say: Speech) -> None:
    """Find anomalies in another series."""
    outside_of([options.model], Path(options.out))
    make(single_anomaly.find_plan(options.model, options.data, options.label), options, say)
