"""What was written is read, at any place; damage is told."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.loop.shards import Shards
from token_shards import write_shards

DOCUMENTS = st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=30), min_size=1, max_size=12)


@given(DOCUMENTS, st.integers(1, 4), st.randoms())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_stretch_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[int]], parts: int, chance: object
) -> None:
    masks = [[chance.random() < 0.5 for _ in ids] for ids in documents]
    shards = Shards.open(
        write_shards(tmp_path_factory.mktemp("shards") / "s", documents, masks=masks, parts=min(parts, len(documents)))
    )
    assert shards.lengths().tolist() == [len(ids) for ids in documents]
    assert shards.tokens == sum(map(len, documents))
    for number, ids in enumerate(documents):
        for start in range(0, len(ids), 3):
            length = len(ids) - start - (start % 2 and len(ids) - start > 1)
            assert shards.ids(number, start, length).tolist() == ids[start : start + length]
            assert shards.loss_mask(number, start, length).tolist() == masks[number][start : start + length]
    starts = shards.starts(np.arange(len(documents)))
    assert shards.learnt(starts, starts + shards.lengths()).tolist() == [sum(mask) for mask in masks]


@pytest.mark.parametrize(("vocabulary_size", "bytes_each"), [(65_536, 2), (65_537, 4)])
def test_ids_take_two_bytes_where_the_vocabulary_fits(tmp_path: Path, vocabulary_size: int, bytes_each: int) -> None:
    folder = write_shards(tmp_path / "s", [[1, vocabulary_size - 1]], vocabulary_size=vocabulary_size)
    assert (folder / "ids" / "00000.bin").stat().st_size == 2 * bytes_each
    assert Shards.open(folder).ids(0, 0, 2).tolist() == [1, vocabulary_size - 1]


def test_documents_without_a_mask_are_learnt_whole(tmp_path: Path) -> None:
    shards = Shards.open(write_shards(tmp_path / "s", [[1, 2, 3]]))
    assert shards.loss_mask(0, 1, 2).tolist() == [True, True]


def test_an_id_of_another_vocabulary_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="another tokenizer"):
        write_shards(tmp_path / "s", [[1, 1000]])


def test_a_part_that_was_cut_short_is_told(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "s", [[1, 2, 3], [4, 5]], parts=2)
    (folder / "ids" / "00001.bin").write_bytes(b"\0\0")
    with pytest.raises(UserError, match="damaged: 2 bytes, and 4 were written"):
        Shards.open(folder)
    with pytest.raises(UserError, match="no token shards"):
        Shards.open(tmp_path)
