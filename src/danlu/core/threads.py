"""One thread for linear algebra whose last bits must not depend on how many cores there are."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Sums in one order: BLAS splits a product over its threads, and float addition is not associative.

    numpy and scipy each carry a BLAS, and only what is loaded can be limited.
    """
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
