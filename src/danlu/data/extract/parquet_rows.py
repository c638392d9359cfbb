"""Parquet and Arrow data sets, one document per row, a few rows in memory at a time.

A file that was cut short has lost its footer, and with it the place of every row (Parquet's own format description,
"File format"): nothing of it can be read. One damaged page costs the rest of its row group.
"""

from collections.abc import Iterator, Sequence

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Found, Item, Refused
from danlu.data.extract.rows import record_of

_BATCH_ROWS = 256


def read_parquet(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """Every row of a Parquet file."""
    return groups_of(item, config, None)


def groups_of(item: Item, config: ExtractConfig, groups: Sequence[int] | None, first: int = 1) -> Iterator[Found]:
    """The rows of some row groups, all when None; `first` is the number of the first row in them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(item.stream)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Unreadable("damaged", _first_line(error), "a whole Parquet file") from None
    number = first
    for group in range(file.num_row_groups) if groups is None else groups:
        end = number + file.metadata.row_group(group).num_rows
        try:
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group]):
                for row in batch.to_pylist():
                    yield record_of(row, f"{item.source}#{number}", config)
                    number += 1
        except (pa.ArrowException, OSError, ValueError) as error:
            value = f"rows {number} to {end - 1}: {_first_line(error)}"
            yield Refused(f"{item.source}#{number}", Unreadable("damaged", value, "a whole row group"))
        number = end


def read_arrow(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """Every row of an Arrow file (Feather version 2)."""
    import pyarrow as pa

    try:
        file = pa.ipc.open_file(item.stream)
        number = 0
        for batch in map(file.get_batch, range(file.num_record_batches)):
            for row in batch.to_pylist():
                number += 1
                yield record_of(row, f"{item.source}#{number}", config)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable("damaged", _first_line(error), "a whole Arrow file") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
