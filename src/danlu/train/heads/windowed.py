"""Heads that judge the tokens of windows, taggers and readers of answers: trained, written, and measured as they lie on disk."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import torch

from danlu.core.stages import Work
from danlu.loop.label_batch import LabelledRow
from danlu.text.records import Reject
from danlu.train.heads.config import HeadConfig, HeadInputs
from danlu.train.heads.framing import Framing
from danlu.train.heads.model import load_head, save
from danlu.train.heads.sides import Sides
from danlu.train.heads.training import Floats, check_read_back, outputs_of, score_by_epoch, train_head, training_key


class Framed(Protocol):
    """A text in windows."""

    @property
    def rows(self) -> tuple[LabelledRow, ...]:
        """A row for each window."""


F = TypeVar("F", bound=Framed)


@dataclass(frozen=True)
class Dataset(Generic[F]):
    """What is kept of the files, parted."""

    texts: tuple[F, ...]
    sides: Sides
    rejects: tuple[Reject, ...]
    input: int

    def of(self, side: Sequence[int]) -> list[LabelledRow]:
        """All windows of a side."""
        return [row for at in side for row in self.texts[at].rows]

    @property
    def long_texts(self) -> int:
        """Of the kept, those in several windows."""
        return sum(len(text.rows) > 1 for text in self.texts)


@dataclass(frozen=True)
class Judging:
    """What one task has of its own."""

    head: dict[str, Any]
    """For `head.json`; `task` among it."""
    figures: Callable[[list[Floats], Sequence[int]], dict[str, Any]]
    """From what is said of all windows of a side, in order, and the side."""
    score: Callable[[dict[str, Any]], float]
    """The figure that chooses the best epoch; higher is better."""


def train_windows(
    learner: torch.nn.Module,
    model: Any,
    dataset: Dataset[Any],
    judging: Judging,
    inputs: HeadInputs,
    config: HeadConfig,
    framing: Framing,
    work: Work,
) -> dict[str, Any]:
    """Train `model` by its `learner`, write the checkpoint, `head.json` and `report.json` to `work.folder`; returns the report."""
    sides, out = dataset.sides, work.folder

    def said(of: Any, side: Sequence[int]) -> list[Floats]:
        return outputs_of(of, dataset.of(side), framing.pad_id, config.micro_batch_tokens)

    def score() -> float:
        return judging.score(judging.figures(said(model, sides.validation), sides.validation))

    rows, validation = dataset.of(sides.train), dataset.of(sides.validation)
    key = training_key(inputs.base, rows, config, work.seed)
    trained = train_head(learner, rows, validation, config, score, work, key, framing.pad_id)
    save(model, inputs.base, out, judging.head)
    written, _ = load_head(out, threads=work.threads)
    report = {"task": judging.head["task"], "steps": len(trained.losses), "steps_left_out": len(trained.left_out)}
    report["validation_score_by_epoch"] = score_by_epoch(trained)
    for name, side in (("validation", sides.validation), ("test", sides.test)):
        if side:
            outputs = said(written, side)
            report["largest_difference_on_disk"] = check_read_back(said(model, side), outputs, out)
            report[name] = judging.figures(outputs, side)
    (out / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return report
