"""The encoders that a project's retriever was chosen from, as a table."""

import json
from pathlib import Path
from typing import Any

from danlu.cli.speech import Speech

REPORT = "report.json"


def candidate_table(folder: Path, say: Speech) -> tuple[list[str], list[list[Any]]]:
    """Header and rows: what each encoder found alone and fused with words, its gain with the 95 % interval, and the verdict.

    Two rows an encoder: the calibration questions chose, the held-out ones only measure.
    """
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    header = [
        say("encoder"), say("dimensions"), say("zh ↔ en"), say("questions"), "", say("alone") + " R@10", "MRR@10", say("fused") + " R@10",
        "MRR@10", say("gain, with its 95 % interval"), say("verdict"),
    ]  # fmt: skip
    rows = []
    for row in report["candidates"]:
        for side, name in (("calibration", say("calibration")), ("held_out", say("held out"))):
            found = row[side]
            first = side == "calibration"
            rows.append([
                row["name"] if first else "", row["dimensions"] if first else "",
                f"{row['across']:.2f}" if first and row["across"] else "", name, found["questions"],
                *(f"{figure:.3f}" for figure in (*found["alone"], *found["fused"])),
                _gain(row, found, say), _verdict(row, report, say) if first else "",
            ])  # fmt: skip
    return header, rows


def _gain(row: dict[str, Any], found: dict[str, Any], say: Speech) -> str:
    if "gain" not in found:
        return ""
    low, mean, high = (f"{figure:+.3f}" for figure in found["gain"])
    return say("{mean} ({low} to {high}) over {other}", mean=mean, low=low, high=high, other=row["over"])


def _verdict(row: dict[str, Any], report: dict[str, Any], say: Speech) -> str:
    if row["name"] == report["used"]:
        return say("used, as set") if report["as set"] else say("used")
    if report["as set"]:
        return say("not used")
    return say("replaced") if row["used"] else say("not used")
