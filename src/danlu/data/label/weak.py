"""Label weakly: labelling functions vote, the label model weighs the votes, each document gets its most probable label.

Documents on which nothing votes, or whose labels are about equally probable, get none and stand in the rejects. Labels
that are known already are compared with, never learnt from.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from danlu.core.artifacts import Corpus, Labels
from danlu.core.errors import UserError, WorkFailed
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.data.label.functions import FunctionFile, Functions
from danlu.data.label.label_model import LabelModel, fit
from danlu.data.label.records import Label, read_labels
from danlu.data.label.vote_report import Known, judge, report
from danlu.data.label.votes import cast_votes, count_patterns, read_votes
from danlu.data.label.writing import LabelWriter
from danlu.text.pii.scan import VERSION as PII_VERSION
from danlu.text.records import Reject


class WeakConfig(Config):
    """How votes become labels."""

    min_probability: float = Field(0.5, ge=0, le=1)
    """A label is given above this probability, 0 to 1; 0.9 keeps the sure ones."""
    class_balance: tuple[float, ...] = ()
    """Shares of the labels in their order, adding up to 1; empty: learnt from the votes."""

    def check(self, path: Path, labels: Sequence[str]) -> None:
        """Raises UserError when the shares are not one for each label of the file, above 0, adding up to 1."""
        given = self.class_balance
        if given and len(given) != len(labels):
            raise UserError(
                "class_balance has {given} shares, and {path} has {labels} labels",
                given=len(given),
                path=path,
                labels=len(labels),
            )
        if given and (min(given) <= 0 or abs(sum(given) - 1) > 1e-6):
            raise UserError(
                "label.class_balance is {shares}: its shares add up to {total}",
                "Each label has a share above 0, and all of them add up to 1.",
                shares=", ".join(map(str, given)),
                total=round(sum(given), 6),
            )


def _label_weakly(
    work: Work, config: WeakConfig, *, documents: Corpus, functions: FunctionFile, known: Labels | None = None
) -> Facts:
    loaded = functions.load()
    config.check(functions.path, loaded.labels)
    parts = cast_votes(work, documents, functions)
    patterns = count_patterns(parts, len(loaded.names))
    if not patterns.votes_PF.any():
        raise WorkFailed(
            "No function voted on any of {count} documents",
            "Are the keywords in the language and writing of the documents?",
            count=int(patterns.counts_P.sum()),
        )
    with one_blas_thread():
        model = fit(patterns.votes_PF, patterns.counts_P, len(loaded.labels), config.class_balance)
        writer = LabelWriter(work.folder, loaded.labels)
        truth = _truth(known, loaded.labels)
        tally = Known(np.zeros(len(loaded.names)), np.zeros(len(loaded.names))) if known else None
        for part in parts:
            with writer.part():
                for label in _labelled(part, config, loaded, model, writer, truth, tally):
                    writer.add(label)
        figures = report(loaded.names, loaded.labels, patterns, model, tally)
    (work.folder / "report.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return writer.facts()


def _labelled(
    part: Path,
    config: WeakConfig,
    functions: Functions,
    model: LabelModel,
    writer: LabelWriter,
    truth: Mapping[tuple[str, str], int],
    tally: Known | None,
) -> Iterator[Label]:
    """The labels of a part; what gets none goes to the rejects, what is known to the tally."""
    for group in read_votes(part):
        rows = group.to_pylist()
        votes_DF = np.frombuffer(b"".join(row["votes"] for row in rows), np.uint8).reshape(len(rows), -1)
        for row, votes, chances in zip(rows, votes_DF, model.posterior(votes_DF), strict=True):
            writer.licences.add(row["licence"])
            label, reject = _decided(row, votes, chances, config, functions)
            true = truth.get((row["doc_id"], row["text_hash"]))
            if tally is not None and true is not None:
                judge(
                    tally, votes, true, functions.labels.index(label.label or "") if label else None, functions.labels
                )
            if label is not None:
                yield label
            if reject is not None:
                writer.reject(reject)


def _decided(
    row: Mapping[str, Any], votes: Any, chances: Any, config: WeakConfig, functions: Functions
) -> tuple[Label | None, Reject | None]:
    best = int(chances.argmax())
    probability = round(float(chances[best]), 9)  # a tie in arithmetic is a tie here, whatever the last bits
    if not votes.any():
        return None, Reject(row["doc_id"], row["source"], "no function voted", "0 votes", "1 vote")
    if probability <= config.min_probability:
        found = f"probability {probability:.3f}"
        return None, Reject(row["doc_id"], row["source"], "no label sure enough", found, str(config.min_probability))
    cast = {
        name: functions.labels[vote - 1] for name, vote in zip(functions.names, votes.tolist(), strict=True) if vote
    }
    meta = json.dumps({"votes": cast}, ensure_ascii=False)
    label = Label(
        row["doc_id"], row["source"], row["text_hash"], functions.labels[best], "weak", "label model", probability,
        tuple(round(float(chance), 9) for chance in chances), meta=meta,
    )  # fmt: skip
    return label, None


def _truth(known: Labels | None, labels: Sequence[str]) -> dict[tuple[str, str], int]:
    """Known labels by document and text. About 200 bytes for each known label; of several annotators the last counts."""
    if known is None:
        return {}
    return {
        (label.doc_id, label.text_hash): labels.index(label.label)
        for label in read_labels(known)
        if label.label in labels
    }


label_weakly = Stage(
    "label_weakly",
    version=1,
    makes=Labels,
    body=_label_weakly,
    config=WeakConfig,
    libraries=("numpy", "google-re2"),
    rules=(("labelling conditions", 1), ("personal data", PII_VERSION)),
    numeric=True,
    resumable=True,
)
