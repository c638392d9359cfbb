"""Before a training starts: whether there is memory and disk for it, and if not, the nearest that would fit.

By formula first, which costs nothing and refuses only what is far too large; the probe's few real steps decide the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.machine import Hardware, free_bytes, size
from danlu.loop.footprint import Shape, Training, largest
from danlu.loop.predict import Prediction
from danlu.loop.probe import Probe

_DOUBT = 1.2
"""The formula may be so far above the truth: nearer to the limit the probe decides."""
_LEAST_LENGTH = 64
"""Tokens: shorter rows are not proposed."""


@dataclass(frozen=True)
class Other:
    """A training that could be had instead."""

    settings: Mapping[str, object]
    """That differ from what was asked for, by their names."""
    shape: Shape
    training: Training

    def said(self) -> str:
        """What to add to the command to have it."""
        return " ".join(f"--set {name}={value}" for name, value in self.settings.items())


@dataclass(frozen=True)
class Asked:
    """The training that a user asked for, and those that take less."""

    shape: Shape
    training: Training
    others: Callable[[], Iterable[Other]] = tuple
    """The most alike first."""
    processes: int = 1
    """On this machine."""

    def bytes_of(self, shape: Shape, training: Training) -> int:
        """Of the machine, or of each graphics processor, since each process has its own."""
        one = largest(shape, training).total
        return one if training.device == "cuda" else one * self.processes

    @property
    def bytes(self) -> int:
        """What the formula expects."""
        return self.bytes_of(self.shape, self.training)


def room_for(hardware: Hardware, training: Training) -> int:
    """Bytes that a training may take: free memory, of the graphics processor with most of it where one is used."""
    if training.device == "cuda" and hardware.gpus:
        return max(gpu.free_bytes for gpu in hardware.gpus)
    return hardware.available_bytes


def check_by_formula(asked: Asked, hardware: Hardware, *, is_tried: bool = True) -> int:
    """The memory that the formula expects; raises UserError when that is more than there is, with the nearest that fits.

    Of a training whose steps are tried before (`is_tried`) only when it is far more.
    """
    needed, room = asked.bytes, room_for(hardware, asked.training)
    if needed > (_DOUBT if is_tried else 1.0) * room:
        raise _too_large(asked, needed, room, room)
    return needed


def check_by_probe(asked: Asked, prediction: Prediction, probe: Probe, hardware: Hardware) -> None:
    """Raises UserError when what was measured shows that the training will not fit, with the nearest that does.

    The probe's process has ended, so all that is free is this training's; the formula is scaled to what was measured.
    """
    room = room_for(hardware, asked.training)
    needed = probe.gpu_bytes if asked.training.device == "cuda" else prediction.memory_bytes
    if needed > room:
        raise _too_large(asked, needed, room, int(room * asked.bytes / needed))


def _too_large(asked: Asked, needed: int, room: int, by_formula: int) -> UserError:
    fitting = next((one for one in asked.others() if asked.bytes_of(one.shape, one.training) <= by_formula), None)
    return UserError(
        "this training needs about {needed} of memory, and {room} are free",
        "The nearest that fits: {settings}"
        if fitting
        else "No setting makes it fit: take a smaller model, or a machine with more memory.",
        needed=size(needed),
        room=size(room),
        settings=fitting.said() if fitting else "",
    )


def halves(start: int, least: int) -> Iterator[int]:
    """`start`, half of it, and so on down to `least`."""
    yield start
    while start // 2 >= least:
        start //= 2
        yield start


def shorter(lengths: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """No change, then settings that halve the longest of these lengths, the longest of what is left, and so on."""
    changed: dict[str, int] = {}
    yield {}
    while lengths:
        name, longest = max({**lengths, **changed}.items(), key=lambda item: item[1])
        if longest // 2 < _LEAST_LENGTH:
            return
        changed = changed | {name: longest // 2}
        yield changed


def check_disk(folder: Path, checkpoint_bytes: int, kept: int, made_bytes: int) -> int:
    """The bytes that a training needs on the disk of `folder`; raises UserError when there are fewer.

    One more checkpoint than are kept is there while it is written.
    """
    needed, free = (kept + 1) * checkpoint_bytes + made_bytes, free_bytes(folder)
    if needed > free:
        raise UserError(
            "this training needs about {needed} of disk, and {folder} has {free}",
            "Free space, or name a folder on another disk.",
            folder=folder,
            needed=size(needed),
            free=size(free),
        )
    return needed


def account(given: int, dropped: Mapping[str, int]) -> list[tuple[str, int]]:
    """Rows by what becomes of them: kept first, then each reason for leaving some out; they sum to what was given."""
    kept = given - sum(dropped.values())
    assert kept >= 0, "more rows were dropped than given"
    return [("kept", kept), *((reason, count) for reason, count in dropped.items() if count)]
