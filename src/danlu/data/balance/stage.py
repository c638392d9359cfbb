"""Balance: what a corpus consists of, measured, and a weight for every document that evens its groups out.

Documents by language, domain, register, length, tone and topic, how varied they are, and which groups stand how often. A corpus
that has the wanted shares, or the other side of what it says, is made by danlu.data.balance.resample and counterfactual.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from pydantic import Field

from danlu.core.artifacts import Corpus, Report
from danlu.core.errors import WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.balance.figures import Figures
from danlu.data.balance.groups import MOST_WEIGHT, WordLists, target_shares, too_small, weights_of
from danlu.data.balance.measured import RULES, measured
from danlu.data.balance.page import page
from danlu.data.balance.sample import measures_of_sample, sample_of
from danlu.text.records import part_name
from danlu.text.segment import LIBRARIES
from danlu.text.tables import TableWriter, read_groups, stream_rows

WEIGHTS = pa.schema([("doc_id", pa.string()), ("group", pa.string()), ("label", pa.string()), ("weight", pa.float64())])


class BalanceConfig(Config):
    """Which groups are compared, and what they should be."""

    group_by: str = "language"
    """A column (language, source, media_type, licence), a field of `meta`, or `gender`: which gender a text names more often."""
    label_by: str = ""
    """A column or field of `meta` that holds labels: weights then make label and group independent."""
    targets: dict[str, float] = Field(default_factory=dict)
    """Share of each group, 0 to 1; empty for equal shares. Documents without a group keep theirs."""
    max_weight: float = Field(MOST_WEIGHT, ge=1)
    """The largest weight, and 1 / the smallest: above ten, a few documents rule the loss. Without `targets`, a group that needs
    more to reach an equal share is too small to be evened out and keeps its share."""
    sample_documents: int = Field(3000, ge=10, le=20_000)
    """Documents that topics, distinct-n and sameness are measured on: chosen by a hash of their ids."""


def _diversity(work: Work, config: BalanceConfig, *, documents: Corpus, words: WordLists | None = None) -> Facts:
    parts = measured(work, config.group_by, config.label_by, documents, words)
    figures = Figures()
    for path in parts:
        for row in stream_rows(path):
            figures.add(row)
    if not figures.documents:
        raise WorkFailed("There is no document to measure", "Name a corpus that has documents.")
    weights = weights_of(figures.cells, config.targets, config.max_weight)
    _write_weights(work.folder / "weights" / part_name(0), parts, weights)
    sample = sample_of(documents, config.sample_documents, work.seed)
    wanted = target_shares(figures.groups, config.targets, config.max_weight)
    report = figures.report(wanted, weights) | measures_of_sample(sample, work.seed) | {"group_by": config.group_by}
    report["too_small"] = [] if config.targets else sorted(too_small(figures.groups, config.max_weight))
    (work.folder / "report.json").write_text(
        json.dumps(report, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )
    (work.folder / "report.html").write_text(page(report), encoding="utf-8")
    (work.folder / "measures").mkdir()
    for number, path in enumerate(parts):
        path.rename(work.folder / "measures" / part_name(number))
    return Facts(
        {"documents": figures.documents, "tokens": figures.tokens, "groups": len(figures.groups)},
        figures.licences(documents),
    )


def _write_weights(path: Path, parts: list[Path], weights: Mapping[tuple[str, str], float]) -> None:
    with TableWriter(path, WEIGHTS) as table:
        for part in parts:
            for group in read_groups(part, ["doc_id", "group", "label"]):
                rows = group.to_pylist()
                table.add_rows([row | {"weight": weights[row["group"], row["label"]]} for row in rows])


diversity = Stage(
    "balance", version=1, makes=Report, body=_diversity, config=BalanceConfig, numeric=True, rules=RULES, resumable=True,
    libraries=("scipy", "numpy", *LIBRARIES),
)  # fmt: skip
