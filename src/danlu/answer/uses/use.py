"""What one artifact has of a document, in five words.

holds      its text lies there
learnt     weights that were fitted to it, or to text made from it
measured   figures, weights of fusion, a refusal gate that were measured on it
names      its name stands there, and nothing more
parts      a release with a part that used it
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from danlu.core.artifacts import Artifact

HOLDS, LEARNT, MEASURED, NAMES, PARTS = "holds", "learnt", "measured", "names", "parts"
TAINTS = frozenset((HOLDS, LEARNT, MEASURED, PARTS))
TRAIN_QUESTIONS = "train questions"
"""What the questions are counted as on which an index is measured."""


@dataclass
class Use:
    """What one artifact has of a document."""

    artifact: Artifact
    how: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    """Documents, passages, pairs of it that lie there, by what they are called."""
    rejected: list[dict[str, str]] = field(default_factory=list)
    """Rows of rejects: document, rule, value."""
    edits: Counter[str] = field(default_factory=Counter)
    """What was changed in it, by rule."""
    because: dict[str, str] = field(default_factory=dict)
    """Inputs that brought it, by the input's name: the id."""

    @property
    def is_tainted(self) -> bool:
        """Whether more than its name is there."""
        return bool(self.how & TAINTS)

    def public(self) -> dict[str, Any]:
        """The use as records and `--json` say it."""
        manifest = self.artifact.manifest
        facts: dict[str, Any] = {"id": manifest.id, "stage": manifest.stage, "kind": manifest.kind}
        facts |= {"tainted": self.is_tainted, "how": sorted(self.how)}
        found = {
            "counts": dict(self.counts),
            "rejected": self.rejected,
            "edits": dict(self.edits),
            "from": self.because,
        }
        return facts | {name: value for name, value in found.items() if value}
