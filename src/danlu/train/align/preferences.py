"""Preferences: a user's own file as an artifact, checked line by line and parted before anything is trained.

Rows with the same prompt (white space and case folded) stay on one side, so that no held-out prompt was trained on.
"""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import Field

from danlu.core.artifacts import Preferences
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.records import REJECTS, Reject, part_name
from danlu.text.tables import write_rows
from danlu.train.align.rows import Kind, Row
from danlu.train.align.rows_file import read_rows


class PreferencesConfig(Config):
    """Which rows are read, and which share of them measures."""

    kind: Kind = "pairs"
    held_out_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Share of the prompts that measure and never train, 0 to 0.5; 0 measures nothing."""


def _preferences(work: Work, config: PreferencesConfig, *, file: DataFile) -> Facts:
    rows = read_rows(file.path, config.kind)
    rejects = [reject for row in rows if (reject := _useless(row))]
    left = {reject.doc_id for reject in rejects}
    kept = [row for row in rows if row_id(row) not in left]
    if not kept:
        raise UserError(
            "{path}: in all {rows} rows chosen and rejected are equal: nothing is preferred to anything",
            "Give pairs of two different replies to the same prompt.",
            path=file.path,
            rows=len(rows),
        )
    train, held_out = part(kept, config.held_out_share, work.seed, file.path, len(rejects))
    for name, side in (("train", train), ("held_out", held_out)):
        lines = (json.dumps(row.facts(), ensure_ascii=False) + "\n" for row in side)
        (work.folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    counts = write_rejects(work.folder, len(rows), rejects)
    return Facts(counts | {"train": len(train), "held out": len(held_out)}, ("unknown",))


def part(
    rows: Sequence[Row], held_out_share: float, seed: int, path: Path, equal_pairs: int = 0
) -> tuple[list[Row], list[Row]]:
    """Rows that train and rows that measure; the side of a prompt follows from the seed and its own words.

    `equal_pairs` is how many were left out before, for the message. Raises UserError when there are too few prompts to have both sides.
    """
    keys = [_prompt_key(row, seed) for row in rows]
    prompts = sorted(set(keys))
    measured = max(1, round(held_out_share * len(prompts))) if held_out_share else 0
    if measured >= len(prompts):
        raise UserError(
            "{path}: {prompts} different prompts left to learn from and to measure with: expected two or more (pairs of "
            "equal replies, left out: {equal})",
            "Add rows with other prompts, or measure nothing: --set preferences.held_out_share=0",
            path=path,
            prompts=len(prompts),
            equal=equal_pairs,
        )
    held = set(prompts[:measured])
    sides: tuple[list[Row], list[Row]] = ([], [])
    for row, key in zip(rows, keys, strict=True):
        sides[key in held].append(row)
    return sides


def row_id(row: Row) -> str:
    """How a row is named among the rejects."""
    return f"line {row.line}"


def write_rejects(folder: Path, input: int, rejects: Sequence[Reject]) -> dict[str, int]:
    """Write the table of rejects; returns the counts: kept + rejected = input, and rejects by rule."""
    write_rows(folder / "rejects" / part_name(0), [asdict(reject) for reject in rejects], REJECTS)
    counts = {"input": input, "kept": input - len(rejects), "rejected": len(rejects)}
    for reject in rejects:
        counts[f"rejected: {reject.rule}"] = counts.get(f"rejected: {reject.rule}", 0) + 1
    return counts


def _useless(row: Row) -> Reject | None:
    """A pair of equal replies says nothing about which is better."""
    if "chosen" not in row.replies or row.replies["chosen"] != row.replies["rejected"]:
        return None
    return Reject(row_id(row), "", "no preference", "chosen equals rejected", "two different replies")


def _prompt_key(row: Row, seed: int) -> str:
    words = [[message["role"], _folded(message["content"])] for message in row.messages]
    said = json.dumps([seed, words], ensure_ascii=False)
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


preferences = Stage(
    "preferences",
    version=2,
    makes=Preferences,
    body=_preferences,
    config=PreferencesConfig,
    libraries=("pyarrow",),
    rules=(("preferences", 1),),
)
