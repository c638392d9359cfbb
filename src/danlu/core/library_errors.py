"""What a library's error says: short enough to stand in a sentence of ours, and whether the machine is the cause."""

import errno
import os
import re
from collections.abc import Iterator

from danlu.core.errors import Phrase, WorkFailed

_MAX_CHARACTERS = 300
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""As libraries in Rust write it."""
_TORCH_WROTE_LESS = ("inline_container.cc", "PytorchStreamWriter failed")
"""torch's writer in C++ does not say what the system said."""
_NO_MEMORY = (
    "allocate memory", "not enough memory", "out of memory", "std::bad_alloc", "could not create a primitive",
    "failed to map segment from shared object",
)  # fmt: skip
"""Of torch on Linux, on Windows and on a GPU, of C++, of oneDNN below torch, and of the loader of libraries."""


def first_words(error: BaseException) -> str:
    """The first line of an error's text, with the lines that a colon at its end announces; its type's name where it has no text.

    Validation errors put the field into the first line and the fault into the second.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    said = " ".join(lines) if lines[0].endswith(":") else lines[0]
    return said if len(said) <= _MAX_CHARACTERS else f"{said[: _MAX_CHARACTERS - 1]}…"


def no_room_in(error: BaseException) -> str | Phrase:
    """What the system said when a file could not be written, wherever a library has put it; empty when it did not say so."""
    for each in causes(error):
        if any(words in str(each) for words in _TORCH_WROTE_LESS):
            return Phrase("the disk took less than was written")
        found = _OS_ERROR.search(str(each))
        number = each.errno if isinstance(each, OSError) else int(found[1]) if found else 0
        if number in _NO_ROOM:
            return os.strerror(number)
    return ""


def failure_of(error: BaseException) -> WorkFailed | None:
    """What a user is told where the machine is the cause; None for a defect of ours."""
    if problem := no_room_in(error):
        return WorkFailed(
            "a file could not be written: {problem}",
            "What was finished is kept, the last whole checkpoint too: run the same again when that is mended.",
            problem=problem,
        )
    if any(says_no_memory(each) for each in causes(error)):
        return WorkFailed(
            "memory ran out: {problem}",
            "What was finished is kept: run the same again with more memory, or take a smaller model or shorter rows.",
            problem=first_words(error),
        )
    return None


def says_no_memory(error: BaseException) -> bool:
    """Whether memory ran out, as far as a library's words tell."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and so on."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        yield at
        seen.add(id(at))
        at = at.__cause__ or at.__context__
