"""Resample: documents are left out so that the groups of a corpus have their shares; the scarcest group stays whole."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

import pyarrow as pa
from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.balance.groups import MOST_WEIGHT, WordLists, group_of, target_shares
from danlu.data.balance.measured import RULES, lists_of, measured
from danlu.data.balance.sample import share_of
from danlu.data.families import family
from danlu.data.parts import Batch, Verdict, check_any_kept, map_parts
from danlu.text.records import Document, Reject
from danlu.text.segment import LIBRARIES
from danlu.text.tables import read_groups


class ResampleConfig(Config):
    """Which groups are brought to which shares."""

    group_by: str = "language"
    """As for `balance`."""
    targets: dict[str, float] = Field(default_factory=dict)
    """As for `balance`."""
    max_weight: float = Field(MOST_WEIGHT, ge=1)
    """Without `targets`, a group that would have to stand more than so many times as often for an equal share is too small to decide
    how much of the others is left: it keeps its share."""


def _resample(work: Work, config: ResampleConfig, *, documents: Corpus, words: WordLists | None = None) -> Facts:
    counts: Counter[str] = Counter()
    for path in measured(work, config.group_by, "", documents, words):
        for group in read_groups(path, ["group"]):
            counts.update(group["group"].to_pylist())
    wanted = target_shares(counts, config.targets, config.max_weight)
    total = sum(counts.values())
    ratios = {group: wanted[group] * total / n for group, n in counts.items()}
    keep = {group: ratio / max(ratios.values()) for group, ratio in ratios.items()}
    shares = {group: (n / total, wanted[group]) for group, n in counts.items()}
    judge = partial(
        _keep_share,
        by=config.group_by,
        lists=lists_of(config.group_by, words),
        keep=keep,
        shares=shares,
        seed=work.seed,
    )
    return check_any_kept(map_parts(work, documents, judge), "resample")


def _keep_share(
    batch: Batch, by: str, lists: Mapping[str, tuple[str, ...]], keep: Mapping[str, float],
    shares: Mapping[str, tuple[float, float]], seed: int,
) -> Verdict:  # fmt: skip
    """Keep a document when the hash of its family lies below its group's rate: variants go with their parents."""
    found = [Document.of(row) for row in batch.table.to_pylist()]
    groups = [group_of(document, by, lists) for document in found]
    stays = [share_of(f"{seed}:{family(d)}") < keep[group] for d, group in zip(found, groups, strict=True)]
    rejects = [
        Reject(d.doc_id, d.source, "group over its share", f"{group} {shares[group][0]:.3f}", f"{shares[group][1]:.3f}")
        for d, group, stay in zip(found, groups, stays, strict=True)
        if not stay
    ]
    return Verdict(batch.table.filter(pa.array(stays, pa.bool_())), rejects)


resample = Stage(
    "resample",
    version=1,
    makes=Corpus,
    body=_resample,
    config=ResampleConfig,
    libraries=LIBRARIES,
    rules=RULES,
    resumable=True,
)
