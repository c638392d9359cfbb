"""Whether a training can be done here, and what it will take: by formula for nothing, by trial steps where that pays."""

from dataclasses import dataclass
from pathlib import Path

from danlu.core.machine import Hardware
from danlu.loop.predict import Prediction, predict
from danlu.loop.probe import Probe, probe
from danlu.train.outlook import Outlook, checkpoint_bytes, made_bytes
from danlu.train.preflight import check_by_formula, check_by_probe, check_disk, room_for

_PAYS_ABOVE_S = 600.0
"""Trial steps take half a minute to two minutes, most of them imports: of ten minutes that is much, of an hour little. The guess that is
held against this is right within a factor of three."""


@dataclass(frozen=True)
class Needs:
    """By formula."""

    memory_bytes: int
    room_bytes: int
    """Of memory that is free."""
    disk_bytes: int


def check(outlook: Outlook, folder: Path, hardware: Hardware) -> Needs | None:
    """What the training needs; raises UserError when that is far more than there is. Costs nothing, and knows not every model."""
    asked, kept = outlook.asked, outlook.schedule.checkpoints_kept
    if asked is None:
        return None
    memory = check_by_formula(asked, hardware, is_tried=outlook.subject is not None)
    each, made = checkpoint_bytes(asked.shape, asked.training), made_bytes(asked.shape, asked.training)
    return Needs(memory, room_for(hardware, asked.training), check_disk(folder, each, kept, made))


def by_formula(outlook: Outlook, needs: Needs) -> Prediction:
    """All that can be told of a training whose steps cannot be tried."""
    work = outlook.workload
    return Prediction(work.steps, work.tokens, None, None, needs.memory_bytes, needs.disk_bytes)


def pays(outlook: Outlook, threads: int) -> bool:
    """Whether the training is long enough for trial steps before it."""
    parts = threads if outlook.asked and outlook.asked.training.device == "cpu" else 1
    return outlook.guessed_s / parts > _PAYS_ABOVE_S


def measure(outlook: Outlook, seed: int) -> Probe:
    """Try some steps. Raises TrialFailed when they fail, WorkFailed when their process is killed."""
    assert outlook.subject, "asked of trainings by danlu's own loop alone"
    return probe(outlook.subject, seed, outlook.outline)


def predicted(outlook: Outlook, measured: Probe, folder: Path, hardware: Hardware) -> Prediction:
    """What the training will take by what was measured; raises UserError when it does not fit."""
    prediction, schedule = predict(measured, outlook.schedule), outlook.schedule
    if outlook.asked:
        check_by_probe(outlook.asked, prediction, measured, hardware)
    check_disk(folder, measured.checkpoint_bytes, schedule.checkpoints_kept, measured.made_bytes)
    return prediction
