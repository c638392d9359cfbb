"""head anomaly, head find-anomalies."""

from pathlib import Path

from danlu.cli.commands import (
    Commands,
    artifact_options,
    check_option,
    json_option,
    out_option,
    seed_option,
    watch_options,
)
from danlu.cli.speech import Speech


def add(group: Commands, say: Speech) -> None:
    """Add both commands to the group `head`."""
    anomaly = group.add(
        "anomaly",
        "anomaly:anomaly",
        say("learn a machine's normal operation from its measurements"),
        "danlu head anomaly --data normal.csv --test later.csv --time time --label broken --out head",
    )
    anomaly.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FILE",
        help=say("CSV of normal operation, a column for each measurement"),
    )
    anomaly.add_argument(
        "--test", type=Path, metavar="FILE", help=say("CSV with labels to measure by; nothing learns from it")
    )
    anomaly.add_argument("--time", default="", metavar="COLUMN", help=say("the column of times, if there is one"))
    anomaly.add_argument(
        "--label",
        default="",
        metavar="COLUMN",
        help=say("the column that says 1 where something was wrong, 0 elsewhere"),
    )
    seed_option(anomaly, say)
    artifact_options(anomaly, say)
    watch_options(anomaly, say)
    check_option(anomaly, say)
    find = group.add(
        "find-anomalies",
        "anomaly:find_anomalies",
        say("find in a series what an anomaly head does not foresee"),
        "danlu head find-anomalies head --data later.csv --out found",
    )
    find.add_argument("model", type=Path, metavar="DIR", help=say("a folder that `danlu head anomaly` wrote"))
    find.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help=say("CSV with the columns that the head learnt")
    )
    find.add_argument(
        "--label",
        default="",
        metavar="COLUMN",
        help=say("the column that says 1 where something was wrong, 0 elsewhere"),
    )
    out_option(find, say)
    json_option(find, say)
