"""Write what comes out of files into the parts of a corpus: groups of documents, and a new part where one is full."""

from collections.abc import Sequence
from pathlib import Path

from danlu.data.extract.columns import table_of
from danlu.data.extract.outcomes import Outcome
from danlu.data.parts import TABLES, PartWriter, Verdict
from danlu.text.records import Document, Reject, part_name

_PART_ROWS = 50_000
_PART_BYTES = 64 << 20
_GROUP_ROWS = 1000
_GROUP_BYTES = 8 << 20


class Parts:
    """Writes outcomes into parts, and begins a new part where one is full."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0
        self._writer = self._begun()
        self._group: list[Outcome] = []
        self._group_bytes = self._read = self._rows = 0

    def add(self, outcome: Outcome) -> None:
        """Append a document or a reject."""
        self._group.append(outcome)
        self._group_bytes += 0 if isinstance(outcome, Reject) else len(outcome[0].text)
        if len(self._group) >= _GROUP_ROWS or self._group_bytes >= _GROUP_BYTES:
            self._flush()
            if self._rows >= _PART_ROWS or self._writer.text_bytes >= _PART_BYTES:
                self._end()
                self._writer = self._begun()

    def finish(self) -> None:
        """End the last part."""
        self._flush()
        self._end()

    def _begun(self) -> PartWriter:
        self._number += 1
        return PartWriter(self._folder / Path(part_name(self._number)).stem, TABLES)

    def _end(self) -> None:
        self._writer.finish(self._read)
        self._read = self._rows = 0

    def _flush(self) -> None:
        kept = [outcome for outcome in self._group if not isinstance(outcome, Reject)]
        rejects = [outcome for outcome in self._group if isinstance(outcome, Reject)]
        edits = [(document.doc_id, rule, count) for document, rules in kept for rule, count in rules]
        documents: Sequence[Document] = [document for document, _ in kept]
        self._writer.add(Verdict(table_of(documents), rejects, edits))
        self._read, self._rows = self._read + len(self._group), self._rows + len(kept)
        self._group, self._group_bytes = [], 0
