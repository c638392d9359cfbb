from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.text.tables import GROUP_BYTES, GROUP_ROWS, TableWriter, read_groups, read_rows, write_rows

SCHEMA = pa.schema([("text", pa.large_string()), ("n", pa.int64())])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 700), max_size=6))
def test_bytes_do_not_depend_on_how_rows_came_in(tmp_path_factory, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    rows = [{"text": f"第{n}行", "n": n} for n in range(sum(cuts))]
    with TableWriter(folder / "batches.parquet", SCHEMA) as table:
        at = 0
        for cut in cuts:
            table.add_rows(rows[at : at + cut])
            at += cut
    write_rows(folder / "once.parquet", rows, SCHEMA)
    assert (folder / "batches.parquet").read_bytes() == (folder / "once.parquet").read_bytes()
    assert list(read_rows(folder / "once.parquet")) == rows


def test_a_row_group_is_bounded_by_rows_and_by_text(tmp_path: Path) -> None:
    rows = [{"text": "x" * (GROUP_BYTES // 3), "n": n} for n in range(7)] + [{"text": "", "n": n} for n in range(2500)]
    write_rows(tmp_path / "t.parquet", rows, SCHEMA)
    groups = [group.num_rows for group in read_groups(tmp_path / "t.parquet")]
    assert groups == [3, 3, GROUP_ROWS, GROUP_ROWS, 501]


def test_a_text_longer_than_a_group_is_a_group_of_its_own(tmp_path: Path) -> None:
    write_rows(tmp_path / "t.parquet", [{"text": text, "n": 1} for text in ("a", "b" * (GROUP_BYTES + 1), "c")], SCHEMA)
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 3


def test_a_folder_is_read_part_by_part_in_order(tmp_path: Path) -> None:
    for number in (1, 0):
        write_rows(tmp_path / f"{number:05}.parquet", [{"text": "t", "n": number}], SCHEMA)
    assert [row["n"] for row in read_rows(tmp_path)] == [0, 1]
