"""What the libraries below torch read from the environment, once, when they are first used."""

from collections.abc import MutableMapping

SETTINGS = {"OMP_WAIT_POLICY": "PASSIVE", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}
"""OpenMP's threads that wait by spinning steal the cores from whatever else runs: with two other programs on two cores,
training took four times as long as with threads that sleep, and decoding fell from 13 to 1 token per second instead of 10.

oneDNN keeps 1,024 products prepared, half a megabyte each, and prepares one for each length of a batch. Rows of many
lengths made a training grow by 40 MB a step. It needs the about 30 of the batch at hand: with 64 eleven steps of an adapter took the
same time, as did twenty of a T5 with 16; with none they took 1.7 times as long."""


def settle(environment: MutableMapping[str, str]) -> None:
    """Set what the user has not set."""
    for name, value in SETTINGS.items():
        environment.setdefault(name, value)
