"""A table of a CSV file or a sheet: a data set with a document in each row, or a table to be read as one.

The rule: it is a data set when it has a header and at least two rows below it, and one column is prose: a column that is named
as text is (`text`, `content`, `正文`, ...; or the one set by `extract.text_column`) whose cells are 40 characters on average, or
any column of 200 on average; a Chinese character counts as two. The first 1,000 rows decide. Everything else is one
document that holds the table in Markdown.
"""

import itertools
from collections.abc import Iterator, Sequence

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Record, Refused
from danlu.data.extract.rows import record_of, text_column_of
from danlu.data.extract.table import add_table

Row = Sequence[str]

_SAMPLE_ROWS = 1000
_NAMED_PROSE = 40
_PROSE = 200


def prose_column(header: Row, sample: Sequence[Row], config: ExtractConfig) -> str:
    """The column whose cells are documents; empty when the table is one to be read whole."""
    if config.text_column:
        return text_column_of(header, config)
    if len(sample) < 2 or len(set(header)) < len(header):
        return ""
    lengths = {name: _length(sample, column) for column, name in enumerate(header) if name.strip()}
    named = text_column_of(header, config)
    if named and lengths.get(named, 0) >= _NAMED_PROSE:
        return named
    longest = max(lengths, key=lambda name: lengths[name], default="")
    return longest if longest and lengths[longest] >= _PROSE else ""


def _length(sample: Sequence[Row], column: int) -> float:
    """Characters of a column's filled cells on average, Chinese ones twice; 0 where most rows would be documents without text."""
    cells = [row[column] for row in sample if column < len(row) and row[column].strip()]
    if 2 * len(cells) < len(sample):
        return 0.0
    return sum(len(cell) + sum("\u4e00" <= character <= "\u9fff" for character in cell) for cell in cells) / max(
        len(cells), 1
    )


def records_of(rows: Iterator[Row], source: str, config: ExtractConfig) -> Iterator[Record | Refused]:
    """The documents of one table; `rows` start with the header."""
    header = next(rows, None)
    if header is None:
        return
    sample = list(itertools.islice(rows, _SAMPLE_ROWS))
    column = prose_column(header, sample, config)
    rows = itertools.chain(sample, rows)
    if column:
        own = config.model_copy(update={"text_column": column})
        for number, row in enumerate(rows, 1):
            if any(cell.strip() for cell in row):
                yield record_of(dict(zip(header, row, strict=False)), f"{source}#{number}", own)
    elif config.text_column:
        columns = ", ".join(header)[:200]
        yield Refused(source, Unreadable("no text column", f"columns: {columns}", f"a column {config.text_column}"))
    else:
        yield from _tables(header, rows, source, config)


def _tables(header: Row, rows: Iterator[Row], source: str, config: ExtractConfig) -> Iterator[Record]:
    """The table as one document; as several, each with the header, where it is longer than a document may be."""
    part, size, number = [header], 0, 0
    for row in rows:
        length = sum(len(cell.encode("utf-8", "replace")) + 3 for cell in row)
        if size and size + length > config.max_text_bytes // 2:
            number += 1
            yield Record(f"{source}#part-{number}", _one(part))
            part, size = [header], 0
        part.append(row)
        size += length
    yield Record(f"{source}#part-{number + 1}" if number else source, _one(part))


def _one(rows: Sequence[Row]) -> Extracted:
    writer = BlockWriter()
    add_table(writer, rows)
    return writer.finish(meta={"rows": len(rows) - 1, "columns": len(rows[0])})
