"""What was decided about the documents of a corpus, in files that workers map into memory and read where they need them.

Letters in shapes: D documents of the corpus, R documents that went as near duplicates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.data.deduplicate.corpus import Duplicates
from danlu.data.deduplicate.exact import Positions
from danlu.text.shingles import I64
from danlu.text.tables import read_groups

_COLUMNS = pa.schema([("position", pa.int64()), ("doc_id", pa.large_string()), ("source", pa.large_string())])


@dataclass(frozen=True)
class Outcome:
    """The decisions in a folder."""

    folder: Path

    @property
    def is_done(self) -> bool:
        """The folder gets its name when all is written."""
        return self.folder.exists()

    def column(self, name: str) -> NDArray[np.float64]:
        """An array of `write`, mapped."""
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r"))

    def start(self, part: int) -> int:
        """The position of a part's first document in the corpus."""
        return int(self.column("starts")[part])

    def stays(self, position: int, documents: int) -> NDArray[np.bool_]:
        """Which of so many documents, from this position on, stay."""
        positions = np.arange(position, position + documents)
        return np.asarray(self.column("kept")[positions] == positions)

    def centres(self, positions: I64) -> tuple[list[str], list[str]]:
        """The doc_ids and sources of documents that others were removed for."""
        with pa.memory_map(str(self.folder / "centres.arrow")) as file:
            table = pa.ipc.open_file(file).read_all()
            rows = np.searchsorted(table["position"].to_numpy(), positions)
            chosen = table.take(pa.array(rows))
            return chosen["doc_id"].to_pylist(), chosen["source"].to_pylist()


def write_outcome(folder: Path, duplicates: Duplicates, parts: Sequence[Path]) -> Outcome:
    """Write the decisions, with the names of the documents that others were removed for."""
    half = folder.with_name(f"{folder.name}.half")
    half.mkdir(exist_ok=True)
    for name, values in vars(duplicates).items():
        np.save(half / f"{name}.npy", values)
    sizes = np.bincount(duplicates.kept, minlength=len(duplicates.kept)).astype(np.int32)
    np.save(half / "sizes.npy", sizes)
    _write_centres(half / "centres.arrow", sizes, parts)
    half.rename(folder)
    return Outcome(folder)


def _write_centres(path: Path, sizes: Positions, parts: Sequence[Path]) -> None:
    position = 0
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, _COLUMNS) as writer:
        for part in parts:
            for group in read_groups(part, ["doc_id", "source"]):
                places = np.arange(position, position + group.num_rows)
                position += group.num_rows
                named = group.append_column("position", pa.array(places))
                writer.write_table(named.filter(pc.greater(pa.array(sizes[places]), 1)).select(_COLUMNS.names))
