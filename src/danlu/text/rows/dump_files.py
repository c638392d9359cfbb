"""Files that hold token dumps, read a batch at a time: JSON lines, a JSON array, Parquet, Arrow, `datasets.save_to_disk`.

Folders that `save_to_disk` has written are read here for training rows as well.

An Arrow file is either the streaming format (what `datasets` writes) or the file format, which begins with `ARROW1`.
A folder of `datasets` names its files in state.json; a folder of several splits lists them in dataset_dict.json.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.library_errors import first_words
from danlu.text.rows.json_rows import SUFFIXES, json_rows
from danlu.text.rows.shapes import Unfit

TABLES = (".parquet", ".arrow")
_BATCH_ROWS = 1000
RawRow = Mapping[str, Any]


class Unsupported(UserError):
    """A file or a folder of a kind that is not read here, which says nothing about its rows."""


def raw_rows(path: Path) -> Iterator[tuple[int, RawRow]]:
    """Every row with its number (from 1; the line in JSON lines). Raises UserError for what cannot be read as rows."""
    files = data_files(path)
    if len(files) == 1 and files[0].suffix in SUFFIXES:
        for number, row in json_rows(files[0]):
            for unbatched in _unbatched(path, number, row):
                yield number, unbatched
        return
    yield from table_rows(files)


def table_rows(files: Sequence[Path]) -> Iterator[tuple[int, RawRow]]:
    """The rows of Parquet and Arrow files, numbered through all of them. Raises UserError for what is no table."""
    number = 0
    for file in files:
        for batch in _batches(file):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def data_files(path: Path) -> tuple[Path, ...]:
    """The files behind a dump. Raises UserError when there are none, or several splits of which none is `train`."""
    if path.is_file():
        if path.suffix not in (*SUFFIXES, *TABLES):
            raise Unsupported(
                "{path}: a token dump ends in .jsonl, .json, .parquet or .arrow",
                "or give the folder that datasets.save_to_disk has written",
                path=path,
            )
        return (path,)
    if not path.is_dir():
        raise UserError("{path}: no such token dump", "give a file, or the folder that save_to_disk has written", path=path)  # fmt: skip
    if (saved := saved_files(path)) is not None:
        return saved
    folder = _split(path)
    found = next((files for end in ("arrow", "parquet") if (files := sorted(folder.glob(f"*.{end}")))), [])
    if not found:
        raise Unsupported(
            "{path} holds no token dump: neither state.json nor .arrow nor .parquet files are in it",
            "give the folder that datasets.save_to_disk has written (axolotl: dataset_prepared_path; LLaMA-Factory: tokenized_path)",
            path=path,
        )
    return tuple(found)


def saved_files(path: Path) -> tuple[Path, ...] | None:
    """The Arrow files of a folder that `save_to_disk` has written; None for other folders.

    Raises UserError when there are several splits of which none is `train`.
    """
    folder = _split(path)
    state = folder / "state.json"
    if not state.is_file():
        return None
    return tuple(folder / entry["filename"] for entry in _json(state).get("_data_files", ()))


def _split(path: Path) -> Path:
    listing = path / "dataset_dict.json"
    if not listing.is_file():
        return path
    splits = _json(listing).get("splits") or []
    if not splits:
        return path
    if "train" in splits or len(splits) == 1:
        return path / ("train" if "train" in splits else splits[0])
    raise UserError(
        "{path} holds the splits {splits}, and none is called train",
        "give the folder of the split that the model was trained on",
        path=path,
        splits=", ".join(splits),
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError("{path} is not JSON: {problem}", path=path, problem=error) from None
    return content if isinstance(content, dict) else {}


def _unbatched(path: Path, number: int, row: object) -> Iterator[RawRow]:
    """The rows of a line: one, or those of a collator's whole batch, whose columns hold lists of lists."""
    if isinstance(row, Unfit):
        raise UserError(
            "{path}, row {row}: {reason}",
            "a token dump holds one JSON object in each line, in UTF-8",
            path=path,
            row=number,
            reason=row.reason,
        )
    if not isinstance(row, dict):
        raise UserError("{path}, row {row}: expected an object with input_ids", path=path, row=number)
    ids = row.get("input_ids")
    if not (isinstance(ids, list) and ids and isinstance(ids[0], list)):
        yield row
        return
    columns = {name: values for name, values in row.items() if isinstance(values, list)}
    for name, values in columns.items():
        if len(values) != len(ids):
            raise UserError(
                "{path}, row {row}: {name} has {found} entries and input_ids {length}",
                path=path,
                row=number,
                name=name,
                found=len(values),
                length=len(ids),
            )
    for at in range(len(ids)):
        yield {name: values[at] for name, values in columns.items()}


def _batches(path: Path) -> Iterator[Any]:
    """Record batches of an Arrow or Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(_BATCH_ROWS)
            return
        with _arrow(path) as batches:
            yield from batches
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            "{path} cannot be read as a table: {problem}",
            "copy the file again, or convert it to .jsonl",
            path=path,
            problem=first_words(error),
        ) from None


@contextmanager
def _arrow(path: Path) -> Iterator[Iterator[Any]]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        if source.read(6) == b"ARROW1":
            reader = pa.ipc.open_file(source)
            yield (reader.get_batch(at) for at in range(reader.num_record_batches))
        else:
            source.seek(0)
            yield iter(pa.ipc.open_stream(source))
