"""Writes an artifact of labels part by part, and counts: every document or answer is kept or rejected."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from danlu.core.stages import Facts
from danlu.data.label.records import LABELS, Label, write_names
from danlu.text.records import REJECTS, Reject, part_name
from danlu.text.tables import GROUP_ROWS, TableWriter


class LabelWriter:
    """Writes `labels`, `rejects` and the names; holds one row group at a time."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._parts = self._kept = 0
        self._open: tuple[TableWriter, TableWriter] | None = None
        self._labels: list[Label] = []
        self._rejects: list[Reject] = []
        self._rules: dict[str, int] = {}
        self._given: dict[str, int] = {}
        self.licences: set[str] = set()
        write_names(folder, names)

    @contextmanager
    def part(self) -> Iterator[None]:
        """Everything that is added inside the block goes to one part."""
        name = part_name(self._parts)
        with ExitStack() as files:
            labels = files.enter_context(TableWriter(self._folder / "labels" / name, LABELS))
            rejects = files.enter_context(TableWriter(self._folder / "rejects" / name, REJECTS))
            self._open = (labels, rejects)
            yield
            self._flush()
        self._open = None
        self._parts += 1

    def add(self, label: Label) -> None:
        """Append one label that stands for one input."""
        self.add_all([label])

    def add_all(self, labels: Sequence[Label]) -> None:
        """Append the labels that one input gave: one answer may choose several."""
        self._kept += 1
        self._labels.extend(labels)
        for label in labels:
            key = label.label or "spans"
            self._given[key] = self._given.get(key, 0) + 1
        if len(self._labels) >= GROUP_ROWS:
            self._flush()

    def reject(self, reject: Reject) -> None:
        """Append the reason why one input gave no label."""
        self._rejects.append(reject)
        self._rules[reject.rule] = self._rules.get(reject.rule, 0) + 1
        if len(self._rejects) >= GROUP_ROWS:
            self._flush()

    def facts(self) -> Facts:
        """The counts: input = kept + rejected, rejects by rule, labels by name."""
        rejected = sum(self._rules.values())
        counts = {"input": self._kept + rejected, "kept": self._kept, "rejected": rejected}
        counts |= {f"rejected: {rule}": self._rules[rule] for rule in sorted(self._rules)}
        counts |= {f"labelled: {name}": self._given[name] for name in sorted(self._given)}
        return Facts(counts, tuple(sorted(self.licences)))

    def _flush(self) -> None:
        assert self._open is not None, "labels belong to a part"
        labels, rejects = self._open
        labels.add_rows([label.row() for label in self._labels])
        rejects.add_rows([asdict(reject) for reject in self._rejects])
        self._labels, self._rejects = [], []
