"""The heap that a training keeps, seen by the pages that the system hands out."""

import resource

import pytest
import torch

from danlu.core.machine import resident_bytes
from danlu.loop.memory import kept_heap

SIZE = 64 * 2**20
PAGES = SIZE // resource.getpagesize()


def faults_of_one_more() -> int:
    """Pages that came anew for a tensor half as large as one that was freed just before."""
    torch.ones(SIZE // 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(SIZE // 4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_freed_tensor_stays_for_the_next_one() -> None:
    with kept_heap():
        assert faults_of_one_more() < PAGES / 20
    assert faults_of_one_more() > PAGES / 2  # as glibc has it, and what makes the test one


def test_what_was_kept_is_given_back_even_after_an_error() -> None:
    before = resident_bytes()
    with pytest.raises(ValueError, match="a step failed"), kept_heap():
        torch.ones(SIZE // 4)
        assert resident_bytes() > before + SIZE / 2
        raise ValueError("a step failed")
    assert resident_bytes() < before + SIZE / 2
