"""The stage `find_anomalies`: a trained anomaly head looks at another series."""

from danlu.core.artifacts import Checkpoint, Report
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.train.anomaly.head import note_of, open_head, scored, write_json
from danlu.train.anomaly.measure import figures, runs


class FindConfig(Config):
    """What the new series has beside the columns that were learnt."""

    label: str = ""
    """A column of labels, 0 or 1, to measure by; none when empty."""


def _find(work: Work, config: FindConfig, *, model: Checkpoint, file: DataFile) -> Facts:
    import torch

    torch.set_num_threads(work.threads)
    forecaster, head = open_head(model)
    series, scores_T = scored(forecaster, head, file.path, config.label)
    alarms_T = scores_T > head.threshold
    rows = (
        f'"{time}",{score:.6g},{int(alarm)}\n'
        for time, score, alarm in zip(series.times, scores_T, alarms_T, strict=True)
    )
    (work.folder / "scores.csv").write_text("time,score,alarm\n" + "".join(rows), encoding="utf-8")
    events = [
        {"start": series.times[start], "end": series.times[end - 1], "moments": end - start, "score": float(scores_T[start:end].max())}
        for start, end in runs(alarms_T)
    ]  # fmt: skip
    measured = slice(head.window, None)
    found = (
        {} if series.labels_T is None else figures(scores_T[measured], alarms_T[measured], series.labels_T[measured])
    )
    write_json(work.folder / "report.json", {"threshold": head.threshold, "alarms": events, "test": found})
    counts = {
        "moments": len(scores_T), "not scored": min(head.window, len(scores_T)), "alarms": int(alarms_T.sum()),
        "events": len(events),
    }  # fmt: skip
    return Facts(counts, model.manifest.licences, note=note_of(head.threshold, found))


find_anomalies = Stage(
    "find_anomalies", version=1, makes=Report, body=_find, config=FindConfig,
    libraries=("numpy", "safetensors", "torch"), numeric=True,
)  # fmt: skip
