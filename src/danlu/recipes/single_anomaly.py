"""Plans of `danlu head anomaly` and `danlu head find-anomalies`."""

from pathlib import Path

from danlu.core.artifacts import Checkpoint
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.core.store import open_artifact
from danlu.recipes.settings import Settings


def anomaly_plan(data: Path, test: Path | None, settings: Settings, seed: int = 0) -> Plan:
    """Learn normal operation from a series. A wrong cell is told before anything runs."""
    from danlu.train.anomaly.series import check_columns, read_series
    from danlu.train.anomaly.stage import AnomalyConfig, anomaly

    config = settings.of("anomaly", AnomalyConfig)
    settings.check_all_used()
    learnt = read_series(data, config.time, config.label)
    if test:
        if not config.label:
            raise UserError(
                "--test needs the column of labels", "Name it after --label: 0 for normal, 1 for anomalous."
            )
        check_columns(test, read_series(test, config.time, config.label).columns, learnt.columns)
    return Plan(anomaly(config, file=DataFile(data), test=DataFile(test) if test else None), seed)


def find_plan(model: Path, data: Path, label: str, seed: int = 0) -> Plan:
    """Find anomalies in another series."""
    from danlu.train.anomaly.find import FindConfig, find_anomalies

    step = find_anomalies(FindConfig(label=label), model=open_artifact(model, Checkpoint), file=DataFile(data))
    return Plan(step, seed)
