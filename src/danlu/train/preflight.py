"""Before a training starts: whether there is memory and disk for it, and if not, the nearest that would fit.

By formula first, which costs nothing and refuses only what is far too large; the probe's few real steps decide the rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from danlu.core.errors import UserError
from danlu.core.machine import Hardware, free_bytes
from danlu.loop.footprint import Shape, Training, footprint
from danlu.loop.predict import Prediction
from danlu.loop.probe import Probe

_DOUBT = 1.2
"""The formula may be so far above the truth: nearer to the limit the probe decides."""
_LEAST_SEQUENCE = 128
GIB = 2**30


@dataclass(frozen=True)
class Asked:
    """The training that a user asked for, and the names of its settings."""

    stage: str
    """Whose settings they are: finetune, pretrain."""
    shape: Shape
    training: Training
    methods: tuple[Literal["full", "lora", "qlora"], ...] = ("full", "lora")
    """That the stage has, the one that needs most memory first."""

    def settings_of(self, other: Training) -> str:
        """What to add to the command to have `other` instead."""
        fields = ("method", "sequence_tokens", "micro_batch_tokens")
        changed = [name for name in fields if getattr(other, name) != getattr(self.training, name)]
        return " ".join(f"--set {self.stage}.{name}={getattr(other, name)}" for name in changed)


def room_for(hardware: Hardware, training: Training) -> int:
    """Bytes that a training may take: free memory, of the graphics processor with most of it where one is used."""
    if training.device == "cuda" and hardware.gpus:
        return max(gpu.free_bytes for gpu in hardware.gpus)
    return hardware.available_bytes


def check_by_formula(asked: Asked, hardware: Hardware) -> int:
    """The memory that the formula expects; raises UserError when that is far more than there is, with the nearest that fits."""
    needed, room = footprint(asked.shape, asked.training).total, room_for(hardware, asked.training)
    if needed > _DOUBT * room:
        raise _too_large(asked, needed, room, room)
    return needed


def check_by_probe(asked: Asked, prediction: Prediction, probe: Probe, hardware: Hardware) -> None:
    """Raises UserError when what was measured shows that the training will not fit, with the nearest that does.

    The probe's process has ended, so all that is free is this training's; the formula is scaled to what was measured.
    """
    room = room_for(hardware, asked.training)
    needed = probe.gpu_bytes if asked.training.device == "cuda" else prediction.memory_bytes
    if needed > room:
        scale = needed / footprint(asked.shape, asked.training).total
        raise _too_large(asked, needed, room, int(room / scale))


def _too_large(asked: Asked, needed: int, room: int, by_formula: int) -> UserError:
    fitting = next((other for other in _smaller(asked) if footprint(asked.shape, other).total <= by_formula), None)
    sizes = {"needed": f"{needed / GIB:.1f}", "room": f"{room / GIB:.1f}"}
    if fitting is None:
        return UserError(
            "this training needs about {needed} GB of memory, and {room} GB are free",
            "No setting makes it fit: take a smaller base model, or a machine with more memory.",
            **sizes,
        )
    return UserError(
        "this training needs about {needed} GB of memory, and {room} GB are free",
        "The nearest that fits: {settings}",
        settings=asked.settings_of(fitting),
        **sizes,
    )


def _smaller(asked: Asked) -> Iterator[Training]:
    """Trainings that take less memory, the most alike first: fewer rows at once, then another method, then shorter rows."""
    later = asked.methods[asked.methods.index(asked.training.method) :]
    for sequence in _halves(asked.training.sequence_tokens, _LEAST_SEQUENCE):
        for method in later:
            for tokens in _halves(asked.training.micro_batch_tokens, sequence):
                yield replace(
                    asked.training, method=method, sequence_tokens=sequence, micro_batch_tokens=max(tokens, sequence)
                )


def _halves(start: int, least: int) -> Iterator[int]:
    """`start`, half of it, and so on down to `least`."""
    yield start
    while start // 2 >= least:
        start //= 2
        yield start


def check_disk(folder: Path, checkpoint_bytes: int, kept: int, made_bytes: int) -> int:
    """The bytes that a training needs on the disk of `folder`; raises UserError when there are fewer, saying how many checkpoints fit.

    One more checkpoint than are kept is there while it is written.
    """
    needed, free = (kept + 1) * checkpoint_bytes + made_bytes, free_bytes(folder)
    if needed <= free:
        return needed
    sizes = {"folder": folder, "needed": f"{needed / GIB:.1f}", "free": f"{free / GIB:.1f}"}
    fitting = (free - made_bytes) // checkpoint_bytes - 1 if checkpoint_bytes else 0
    if fitting < 1:
        raise UserError(
            "this training needs about {needed} GB of disk, and {folder} has {free} GB",
            "Free space, or name a folder on another disk.",
            **sizes,
        )
    raise UserError(
        "this training needs about {needed} GB of disk, and {folder} has {free} GB",
        "{count} checkpoints fit: keep fewer, or free space.",
        count=fitting,
        **sizes,
    )


def account(given: int, dropped: Mapping[str, int]) -> list[tuple[str, int]]:
    """Rows by what becomes of them: kept first, then each reason for leaving some out; they sum to what was given."""
    kept = given - sum(dropped.values())
    assert kept >= 0, "more rows were dropped than given"
    return [("kept", kept), *((reason, count) for reason, count in dropped.items() if count)]
