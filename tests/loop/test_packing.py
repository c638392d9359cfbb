"""Every token of every document is in one row, once; whole documents stay whole; rows are full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.loop import packing
from danlu.loop.packing import Packing, pack

LENGTHS = st.lists(st.integers(1, 70), min_size=1, max_size=300)


def stretches(packed: Packing) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for document, start, length in zip(packed.documents_P, packed.starts_P, packed.lengths_P, strict=True):
        found.setdefault(int(document), []).append((int(start), int(start + length)))
    return {document: sorted(pieces) for document, pieces in found.items()}


@given(LENGTHS, st.integers(1, 64))
@settings(deadline=None)
def test_every_token_is_in_exactly_one_row(lengths: list[int], sequence_tokens: int) -> None:
    packed = pack(np.array(lengths), sequence_tokens)
    found = stretches(packed)
    assert sorted(found) == list(range(len(lengths)))
    for document, pieces in found.items():
        assert [start for start, _ in pieces] == [0, *(end for _, end in pieces[:-1])]
        assert pieces[-1][1] == lengths[document]
    assert packed.tokens_R.max() <= sequence_tokens and packed.tokens_R.min() >= 1
    assert packed.tokens_R.sum() == sum(lengths)


@given(LENGTHS, st.integers(1, 64))
@settings(deadline=None)
def test_a_document_that_fits_is_never_cut(lengths: list[int], sequence_tokens: int) -> None:
    found = stretches(pack(np.array(lengths), sequence_tokens))
    for document, pieces in found.items():
        assert len(pieces) == -(-lengths[document] // sequence_tokens)


@given(LENGTHS, st.integers(2, 64))
@settings(deadline=None)
def test_no_two_rows_would_fit_into_one(lengths: list[int], sequence_tokens: int) -> None:
    tokens = np.sort(pack(np.array(lengths), sequence_tokens).tokens_R)
    assert len(tokens) == 1 or tokens[0] + tokens[1] > sequence_tokens


@given(st.lists(st.integers(1, 12), min_size=1, max_size=60))
@settings(deadline=None)
def test_it_is_the_best_fit_of_a_plain_search(lengths: list[int]) -> None:
    room: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [space for space in room if space >= length]
        if fitting:
            room.remove(min(fitting))
            room.append(min(fitting) - length)
        else:
            room.append(12 - length)
    assert sorted(pack(np.array(lengths), 12).tokens_R) == sorted(12 - space for space in room)


def test_rows_are_packed_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = np.random.default_rng(0).integers(1, 40, 1000)
    monkeypatch.setattr(packing, "WINDOW_PIECES", 128)
    alone, more = pack(lengths[:256], 64), pack(lengths, 64)
    assert (more.bounds_R1[: alone.rows + 1] == alone.bounds_R1).all()
    assert (more.documents_P[: len(alone.documents_P)] == alone.documents_P).all()
    assert more.tokens_R.sum() == lengths.sum()


def test_padding_of_lengths_like_those_of_web_pages_is_below_one_percent() -> None:
    lengths = np.maximum(1, np.random.default_rng(0).lognormal(6.3, 1.2, 20_000)).astype(np.int64)
    assert pack(lengths, 2048).padding < 0.001


def test_documents_without_tokens_are_refused() -> None:
    with pytest.raises(UserError, match="There is no document"):
        pack(np.zeros(0, np.int64), 8)
    with pytest.raises(UserError, match="without tokens"):
        pack(np.array([3, 0]), 8)
