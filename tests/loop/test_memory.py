"""The heap that a training keeps, seen by the pages that the system hands out.

In processes of their own: in one where other tests have run, the heap has room to spare and nothing need be handed out.
"""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import torch

from danlu.core.machine import resident_bytes
from danlu.loop.memory import kept_heap

SIZE = 64 * 2**20
PAGES = SIZE // resource.getpagesize()


def alone(measure: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measure).result()


def faults_of_one_more() -> int:
    """Pages that came anew for a tensor half as large as one that was freed just before."""
    torch.ones(SIZE // 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(SIZE // 4)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def faults_within_and_after() -> tuple[int, int]:
    with kept_heap():
        within = faults_of_one_more()
    return within, faults_of_one_more()


def growth_within_and_after_an_error() -> tuple[int, int]:
    before = resident_bytes()
    try:
        with kept_heap():
            torch.ones(SIZE // 4)
            within = resident_bytes() - before
            raise ValueError("a step failed")
    except ValueError:
        return within, resident_bytes() - before


def test_a_freed_tensor_stays_for_the_next_one() -> None:
    within, after = alone(faults_within_and_after)
    assert within < PAGES / 20
    assert after > PAGES / 2  # as glibc has it, and what makes the test one


def test_what_was_kept_is_given_back_even_after_an_error() -> None:
    within, after = alone(growth_within_and_after_an_error)
    assert within > SIZE / 2 > after
