"""What goes wrong on the way to a remote, said so that a user can act."""

from collections.abc import Iterator
from contextlib import contextmanager

from danlu.core.errors import DanluError, UserError, WorkFailed
from danlu.core.library_errors import first_words

_REFUSALS = (
    "credential", "accessdenied", "access denied", "forbidden", "permission", "invalidaccesskey", "signature", "unauthorized",
)  # fmt: skip


@contextmanager
def told(address: str) -> Iterator[None]:
    """Turn what a remote's libraries raise into errors of ours."""
    try:
        yield
    except DanluError:
        raise
    except Exception as error:  # boto, oss2, asyncssh and a dozen more raise types of their own
        problem = first_words(error)
        said = f"{type(error).__name__} {problem}".lower()
        if isinstance(error, PermissionError) or any(word in said for word in _REFUSALS):
            raise UserError(
                "{address} does not let us in: {problem}",
                "Keys are read from the environment, from the cloud's credentials file or from ssh's keys.",
                address=address,
                problem=problem,
            ) from error
        raise WorkFailed(
            "{address} cannot be used: {problem}",
            "Correct the address, or run the same again when the remote answers: what has arrived is kept.",
            address=address,
            problem=problem,
        ) from error
